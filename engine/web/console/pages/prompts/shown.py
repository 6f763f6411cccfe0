"""Which prompts there are for whom, where each is said, and parts of a file as asked for. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.core.announced import duties
from engine.core.inventory import Inventory
from engine.core.law import Named
from engine.core.prompt import Prompt
from engine.core.repertoire import agent_prompts, brought_prompts, caller_prompts


@dataclass(slots=True)
class Said:
    """A prompt, and the titles of the services that say it of their own; common ones say all.

    `duties`: what it has to name by the law of one of these services, with the paragraph.
    """

    prompt: Prompt
    common: bool
    services: list[str] = field(default_factory=list)
    duties: dict[Named, str] = field(default_factory=dict)


def repertoire(inventory: Inventory, organisation: str | None) -> Mapping[str, Said]:
    """Every prompt that an organisation's services (with None: all services) may say, by key."""
    found = {prompt.key(): Said(prompt, common=True) for prompt in brought_prompts()}
    for service in inventory.services:
        if organisation not in (None, service.organisation):
            continue
        for prompt in {*caller_prompts(service), *agent_prompts(service)}:
            said = found.setdefault(prompt.key(), Said(prompt, common=False))
            said.services.append(service.title or service.name)
            said.duties |= duties(service, prompt)
    return dict(sorted(found.items()))


def part(wanted: slice, size: int) -> tuple[int, int] | None:
    """First byte and the one after the last of a range (RFC 9110, 14.2); None if it has none."""
    start, end, _step = wanted.indices(size)
    return (start, end) if start < end else None
