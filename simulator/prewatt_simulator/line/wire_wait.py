"""Waits of the wire: transmission times, and delays of fault rules."""

import asyncio

from prewatt_fixtures.clock import Clock, ManualClock


async def wire_wait(clock: Clock, seconds: float) -> None:
    """Wait for `seconds` of the farm's clock; on one that stands still, of real time, or until it is advanced past them.

    Clients wait in real time for a reply, and nobody may be there to advance the clock: `ScaledClock` at speed 0 and a
    clock moved by hand behave alike.
    """
    if not isinstance(clock, ManualClock):
        await clock.sleep(seconds)
        return
    advanced = asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait((advanced,), timeout=seconds)
    finally:
        advanced.cancel()
