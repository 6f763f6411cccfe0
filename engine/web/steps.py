"""Answers at full steps of time, so that how long one took tells nothing."""

import asyncio


async def full_step(came_s: float, step_s: float) -> None:
    """Wait until a full step (seconds) has gone since a time of the loop."""
    gone_s = asyncio.get_running_loop().time() - came_s
    await asyncio.sleep(step_s - gone_s % step_s)
