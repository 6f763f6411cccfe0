"""Calls of a service that this engine does not know are left to those who do."""

from engine.flows.live import Live
from engine.flows.machines import is_known
from engine.ports.store import Snapshot
from tests.fakes.clock import virtually
from tests.flows.world import LANDLINE, world


@virtually
async def test_a_call_of_a_later_version_is_left_alone() -> None:
    async with world() as house:
        later = Snapshot(
            call_id="later", account_id=None, engine="gone", epoch=1, body=b'{"kind":"later"}'
        )
        house.data.calls["later"] = later
        assert not is_known(later)
        await house.book(LANDLINE, 1_000_000)
        call = house.call()
        await house.talks_for(call, 40)
        seen = await Live(house.store, house.clock).calls()
        assert [one.call_id for one in seen] == [call.leg]
        assert house.data.calls["later"] == later
        house.switch.hang_up(call.leg)
        await house.record(call)
