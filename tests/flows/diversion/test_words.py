"""What targets are told of a source is spoken before the first call, set whenever it may be."""

from collections.abc import Callable, Iterable

import pytest

from engine.core.prompt import Prompt
from engine.errors import RemoteError
from engine.flows.diversion.routing import Routing
from engine.flows.numbers.sources import Channel, Sources
from engine.ports.speech import Progress, Report
from tests.fakes.numbers.stock import MemoryNumbers
from tests.fakes.sounds import NamedSounds
from tests.flows.numbers.town import FIRST_DAY, Town
from tests.forwarding.memory import MemoryForwarded, MemoryRoutes
from tests.tracking.cases import tracking


class SpokenSounds(NamedSounds):
    """Remembers what was made; `is_dumb`: no voice is there."""

    def __init__(self) -> None:
        super().__init__()
        self.made: list[str] = []
        self.is_dumb = False

    async def ensure(
        self,
        prompts: Iterable[Prompt],
        lang: str,
        progress: Callable[[Progress], None] | None = None,
    ) -> Report:
        if self.is_dumb:
            raise RemoteError("no voice")
        wanted = tuple(prompts)
        self.made += [f"{lang}/{prompt.key()}" for prompt in wanted]
        return await super().ensure(wanted, lang, progress)


async def test_a_source_is_spoken_of_when_it_is_added_or_goes_on() -> None:
    town, sounds = Town(MemoryNumbers()), SpokenSounds()
    await town.open()
    routing = Routing(town.numbers, MemoryRoutes(), MemoryForwarded(), sounds, town.clock)
    sources = Sources(town.numbering, routing)
    mine = await town.active()
    await routing.track("acme", mine.e164, tracking(whisper=True), 0, "owner")
    (nameless,) = sounds.made
    added = await sources.add("acme", mine.e164, Channel(name="Messe", ends_on=FIRST_DAY), "acme")
    named = sounds.made[-1]
    assert "Messe" in named
    assert named != nameless
    sounds.made.clear()
    await sources.change("acme", added.source_id, Channel(name="Messe"), "acme")
    assert sounds.made == [named]


@pytest.mark.parametrize("whispers", [False, True])
async def test_a_source_is_there_where_nothing_can_be_spoken(whispers: bool) -> None:
    town, sounds = Town(MemoryNumbers()), SpokenSounds()
    await town.open()
    routing = Routing(town.numbers, MemoryRoutes(), MemoryForwarded(), sounds, town.clock)
    mine = await town.active()
    await routing.track("acme", mine.e164, tracking(whisper=whispers), 0, "owner")
    sounds.is_dumb = True
    added = await Sources(town.numbering, routing).add(
        "acme", mine.e164, Channel(name="Messe"), "acme"
    )
    assert list(await town.sources.listed("acme", "", 9)) == [added]
