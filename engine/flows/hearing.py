"""Making sure, before calls come, that everything a configuration may say can be heard."""

from collections.abc import Callable, Iterator, Sequence

import structlog

from engine.core.inventory import Inventory
from engine.core.prompt import Prompt
from engine.core.repertoire import agent_prompts, caller_prompts, merchant_prompts
from engine.errors import CallerError
from engine.ports.speech import Missing, Progress, Sounds

log = structlog.get_logger(__name__)


async def prepare(
    inventory: Inventory, sounds: Sounds, progress: Callable[[Progress], None] | None = None
) -> Sequence[Missing]:
    """Have the audio of every service's own prompts made; returns what cannot be said at all.

    A prompt that can be said in other words, or with less in it, counts as sayable. Callers of a
    service whose price cannot be said hear a fault announcement and are not charged.
    """
    unsayable = await _made(inventory, sounds, progress)
    for missing in unsayable:
        log.error(
            "prompt.unsayable",
            prompt=missing.prompt.key(),
            lang=missing.lang,
            reason=missing.reason,
            mend=f"install a voice (scripts/sounds --fetch-voice) or record "
            f"sounds/{missing.lang}/custom/{missing.prompt.key()}.wav",
        )
    return unsayable


async def go_along(old: Inventory, new: Inventory, sounds: Sounds) -> None:
    """Have made what another version says; `CallerError` if it says what nobody can say now.

    What could not be said before either is no reason to stay with the old version.
    """
    silent_before = _keys(await _made(old, sounds, None))
    silent = _keys(await _made(new, sounds, None)) - silent_before
    if silent:
        keys = ", ".join(sorted(silent))
        raise CallerError(f"these prompts cannot be said (scripts/sounds makes them): {keys}")


def _keys(unsayable: Sequence[Missing]) -> set[str]:
    return {f"{missing.lang}/{missing.prompt.key()}" for missing in unsayable}


def silent(inventory: Inventory, sounds: Sounds) -> list[Missing]:
    """What cannot be said as things are; nothing is made."""
    return [missing for wanted in _wanted(inventory) for missing in _unsayable(sounds, *wanted)]


async def _made(
    inventory: Inventory, sounds: Sounds, progress: Callable[[Progress], None] | None
) -> list[Missing]:
    """What still cannot be said when all that can be made is."""
    unsayable: list[Missing] = []
    for prompts, lang in _wanted(inventory):
        await sounds.ensure(prompts, lang, progress)
        unsayable += _unsayable(sounds, prompts, lang)
    return unsayable


def _wanted(inventory: Inventory) -> Iterator[tuple[tuple[Prompt, ...], str]]:
    """What is said by these services and merchants alone, in each language it is said in."""
    for service in inventory.services:
        yield caller_prompts(service), service.lang
        group = inventory.group(service.group)
        langs = {a.lang for a in inventory.agents if group is not None and a.name in group.agents}
        for lang in sorted(langs):
            yield agent_prompts(service), lang
    for merchant in inventory.merchants:
        for lang in merchant.languages:
            yield merchant_prompts(merchant), lang


def _unsayable(sounds: Sounds, prompts: Sequence[Prompt], lang: str) -> list[Missing]:
    found = (sounds.playlist(prompt, lang) for prompt in prompts)
    return [missing for missing in found if isinstance(missing, Missing)]
