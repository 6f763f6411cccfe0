"""Making sure, before calls come, that everything a configuration may say can be heard."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import structlog

from engine.core.inventory import Inventory
from engine.core.prompt import Prompt
from engine.core.repertoire import agent_sentences, caller_sentences, merchant_sentences
from engine.errors import CallerError
from engine.ports.speech import Missing, Progress, Sounds
from engine.ports.versions import Unsaid

SERVICES, MERCHANTS = "services", "verification"
"""The sections of the operator's files whose entries say something of their own."""

log = structlog.get_logger(__name__)


class UnsaidError(CallerError):
    """A version adds sentences that cannot be said: `unsaid`."""

    def __init__(self, unsaid: Sequence[Unsaid], field: str = "") -> None:
        self.unsaid = tuple(unsaid)
        self.keys = ", ".join(sorted({f"{one.lang}/{one.key}" for one in unsaid}))
        told = f"these prompts cannot be said (scripts/sounds makes them): {self.keys}"
        super().__init__(told, field)


async def prepare(
    inventory: Inventory, sounds: Sounds, progress: Callable[[Progress], None] | None = None
) -> Sequence[Unsaid]:
    """Have the audio of every service's own prompts made; returns what cannot be said at all.

    A prompt that can be said in other words, or with less in it, counts as sayable. Callers of a
    service whose price cannot be said hear a fault announcement and are not charged.
    """
    unsaid = await _made(inventory, sounds, progress)
    for one in unsaid:
        log.error(
            "prompt.unsayable",
            prompt=one.key,
            lang=one.lang,
            reason=one.reason,
            mend=f"install a voice (scripts/sounds --fetch-voice) or record "
            f"sounds/{one.lang}/custom/{one.key}.wav",
        )
    return unsaid


async def go_along(old: Inventory, new: Inventory, sounds: Sounds) -> None:
    """Have made what another version says; `UnsaidError` if it adds what nobody can say now."""
    unsaid = await added(old, new, sounds)
    if unsaid:
        raise UnsaidError(unsaid)


async def added(old: Inventory, new: Inventory, sounds: Sounds) -> list[Unsaid]:
    """Have made what another version says; what it adds to what cannot be said.

    What could not be said before either is no reason to stay with the old version.
    """
    silent_before = await _made(old, sounds, None)
    return _without(await _made(new, sounds, None), silent_before)


def foreseen(old: Inventory, new: Inventory, sounds: Sounds) -> list[Unsaid]:
    """What another version would add to what cannot be said; nothing is made."""
    before, after = ([*_looked_at(one, sounds.foreseen)] for one in (old, new))
    return _without(after, before)


def silent(inventory: Inventory, sounds: Sounds) -> list[Unsaid]:
    """What cannot be said as things are; nothing is made."""

    def look(prompt: Prompt, lang: str) -> Missing | None:
        found = sounds.playlist(prompt, lang)
        return found if isinstance(found, Missing) else None

    return [*_looked_at(inventory, look)]


def sentences(inventory: Inventory) -> frozenset[tuple[str, str]]:
    """Language and key of all that these services and merchants alone say."""
    spoken = _spoken(inventory)
    return frozenset((one.lang, prompt.key()) for one in spoken for _, prompt in one.asked)


async def _made(
    inventory: Inventory, sounds: Sounds, progress: Callable[[Progress], None] | None
) -> list[Unsaid]:
    """What still cannot be said when all that can be made is, and why it could not be made."""
    reasons: dict[tuple[str, str], Missing] = {}
    for one in _spoken(inventory):
        report = await sounds.ensure([prompt for _, prompt in one.asked], one.lang, progress)
        reasons |= {(one.lang, missing.prompt.key()): missing for missing in report.missing}

    def look(prompt: Prompt, lang: str) -> Missing | None:
        found = sounds.playlist(prompt, lang)
        return reasons.get((lang, prompt.key()), found) if isinstance(found, Missing) else None

    return [*_looked_at(inventory, look)]


@dataclass(frozen=True, slots=True)
class _Spoken:
    """What an entry of the files says in a language, each sentence with the field behind it."""

    organisation: str
    section: str
    entry: str
    lang: str
    asked: Sequence[tuple[str, Prompt]]


def _spoken(inventory: Inventory) -> Iterator[_Spoken]:
    """What is said by these services and merchants alone, in each language it is said in."""
    for service in inventory.services:
        entry = (service.organisation, SERVICES, service.name)
        yield _Spoken(*entry, service.lang, caller_sentences(service))
        group = inventory.group(service.group)
        langs = {a.lang for a in inventory.agents if group is not None and a.name in group.agents}
        for lang in sorted(langs):
            yield _Spoken(*entry, lang, agent_sentences(service))
    for merchant in inventory.merchants:
        entry = (merchant.organisation, MERCHANTS, merchant.name)
        for lang in merchant.languages:
            yield _Spoken(*entry, lang, merchant_sentences(merchant))


def _looked_at(
    inventory: Inventory, look: Callable[[Prompt, str], Missing | None]
) -> Iterator[Unsaid]:
    for one in _spoken(inventory):
        for field, prompt in one.asked:
            missing = look(prompt, one.lang)
            if missing is not None:
                yield Unsaid(
                    organisation=one.organisation,
                    section=one.section,
                    entry=one.entry,
                    field=field,
                    lang=one.lang,
                    key=prompt.key(),
                    words=missing.words,
                    reason=missing.reason,
                    voiceless=missing.voiceless,
                )


def _without(unsaid: Sequence[Unsaid], before: Sequence[Unsaid]) -> list[Unsaid]:
    known = {(one.lang, one.key) for one in before}
    return [one for one in unsaid if (one.lang, one.key) not in known]
