"""The demo's own eyes: registers as they are, over either framing, and a plain word when there are none."""

from datetime import UTC, datetime
from typing import Any

import pytest

from prewatt_fixtures.clock import ManualClock
from prewatt_fixtures.endpoints import Endpoint, Framing
from prewatt_fixtures.site import load_site
from prewatt_harness import bus_probe
from prewatt_harness.bus_probe import BusProbe, ProbeReading
from prewatt_harness.errors import BusUnreadable
from prewatt_simulator.farm import Farm
from prewatt_simulator.faults import Fault, FaultKind

pytestmark = pytest.mark.anyio

SITE = load_site("tiny")
AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("framing", ["rtu", "tcp"])
async def test_what_the_registers_hold(framing: Framing) -> None:
    async with Farm(SITE, clock=ManualClock(AT)).serving(framing=framing) as endpoints:
        probe = BusProbe(SITE, endpoints)
        assert await probe.look("0000010201") == ProbeReading(
            4125, 6, 30000, forced_mode=0, relay_closed=True
        )
        assert await probe.look("0000020101") == ProbeReading(
            50000, 8, 400000, forced_mode=0, relay_closed=True
        )
        assert (await probe.look("0000010202")).remaining_fen < 0  # unopened: counts below zero


async def test_nobody_listens() -> None:
    probe = BusProbe(SITE, [Endpoint("000001", 2, "127.0.0.1", 1, "rtu")])
    with pytest.raises(
        BusUnreadable, match="meter 0000010201 could not be read over the bus: no connection to"
    ):
        await probe.look("0000010201")


async def test_the_meter_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bus_probe, "ANSWER_S_MAX", 0.1)
    farm: Any = Farm(SITE)
    farm.faults.add(Fault(kind=FaultKind.DEAD_METER, meter="0000010201"))
    async with farm.serving() as endpoints:
        with pytest.raises(BusUnreadable, match="meter 0000010201"):
            await BusProbe(SITE, endpoints).look("0000010201")


async def test_the_gateway_answers_with_an_exception() -> None:
    farm: Any = Farm(SITE)
    farm.faults.add(Fault(kind=FaultKind.DEAD_METER, meter="0000010201"))
    async with farm.serving(framing="tcp") as endpoints:
        with pytest.raises(BusUnreadable, match="ExceptionResponse"):
            await BusProbe(SITE, endpoints).look("0000010201")
