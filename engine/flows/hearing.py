"""Making sure, before calls come, that everything a configuration may say can be heard."""

from collections.abc import Callable, Sequence

import structlog

from engine.core.inventory import Inventory
from engine.core.prompt import Prompt
from engine.core.repertoire import agent_prompts, caller_prompts
from engine.ports.speech import Missing, Progress, Sounds

log = structlog.get_logger(__name__)


async def prepare(
    inventory: Inventory, sounds: Sounds, progress: Callable[[Progress], None] | None = None
) -> Sequence[Missing]:
    """Have the audio of every service's own prompts made; returns what cannot be said at all.

    A prompt that can be said in other words, or with less in it, counts as sayable. Callers of a
    service whose price cannot be said hear a fault announcement and are not charged.
    """
    unsayable: list[Missing] = []
    for service in inventory.services:
        wanted = [(caller_prompts(service), service.lang)]
        group = inventory.group(service.group)
        langs = {a.lang for a in inventory.agents if group is not None and a.name in group.agents}
        wanted += [(agent_prompts(service), lang) for lang in sorted(langs)]
        for prompts, lang in wanted:
            await sounds.ensure(prompts, lang, progress)
            unsayable += _unsayable(sounds, prompts, lang)
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


def _unsayable(sounds: Sounds, prompts: Sequence[Prompt], lang: str) -> list[Missing]:
    found = (sounds.playlist(prompt, lang) for prompt in prompts)
    return [missing for missing in found if isinstance(missing, Missing)]
