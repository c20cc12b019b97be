"""A serial server that sends each answer to all its clients: another master's answer is never taken as ours."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from prewatt_fixtures.clock import ScaledClock
from prewatt_fixtures.measurements import Measurement
from prewatt_fixtures.profile import profile
from prewatt_fixtures.wire import rtu
from prewatt_fixtures.wire.pdu import read_holding, write_multiple
from prewatt_platform.field.errors import AnotherMaster
from prewatt_platform.field.field import Field
from prewatt_platform.field.messages import MeterAddress
from prewatt_platform.field.plan import Frame, evidence_plan, reading_plan
from prewatt_platform.field.settings import FieldSettings
from prewatt_platform.field.transport import tcp_connect
from prewatt_simulator.faults import Fault

pytestmark = pytest.mark.anyio

SHOP = "0000010201"
MODEL = "DDSY1352-NK/F"
OVERLOAD = profile(MODEL).register(Measurement.OVERLOAD_THRESHOLD)
NOON = datetime(2021, 12, 28, 4, tzinfo=UTC)
VOLTAGE = profile(MODEL).register(Measurement.VOLTAGE_A)


class Stranger:
    """Another client of the same port, which reads whenever our master is about to."""

    def __init__(self, endpoint: Any, start: int, words: int) -> None:
        self._endpoint = endpoint
        self._start, self._words = start, words
        self.asked = 0

    async def __aenter__(self) -> "Stranger":
        self._reader, self._writer = await asyncio.open_connection(self._endpoint.host, self._endpoint.tcp)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    async def ask(self, ours: bytes) -> None:
        """Read `words` registers; as many as our request asks for when it is 0."""
        self.asked += 1
        words = self._words or int.from_bytes(ours[4:6], "big")
        self._writer.write(rtu.encode(ours[0], read_holding(self._start, words)))
        await self._reader.readexactly(5 + 2 * words)


@dataclass
class Meeting:
    """The farm's rig, our field, and the meter that both masters read."""

    there: Any
    field: Field
    meter: MeterAddress


class Interleaved:
    """Our connection, on which the stranger's answer has come before each of our requests leaves."""

    def __init__(self, inner: Any, stranger: Stranger) -> None:
        self._inner, self._stranger = inner, stranger

    async def write(self, data: bytes) -> None:
        await self._stranger.ask(data)
        await self._inner.write(data)

    async def read(self) -> bytes:
        data: bytes = await self._inner.read()
        return data

    def arrived(self) -> bytes | None:
        # what came meanwhile is left for `read`, as on a socket whose bytes arrive a moment later
        return b""

    def close(self) -> None:
        self._inner.close()


@asynccontextmanager
async def meeting(rig: Any, start: int, words: int) -> AsyncIterator[Meeting]:
    """Our field, before each of whose requests a stranger reads those registers of the same meter."""
    async with rig("tiny", ScaledClock(NOON, 0)) as there:
        meter = there.meters[SHOP]
        there.farm.faults.add(Fault(kind="share-replies"))
        async with Stranger(meter.bus, start, words) as stranger:

            async def connect(host: str, tcp: int) -> Any:
                return Interleaved(await tcp_connect(host, tcp), stranger)

            field = Field(there.farm.clock, settings=FieldSettings(timeout_s=20), connect=connect)
            yield Meeting(there, field, meter)
            assert stranger.asked > 3
            await field.close()


@pytest.mark.parametrize("rig", ["rtu"], indirect=True)
@pytest.mark.parametrize("words", sorted({frame.count for frame in reading_plan(MODEL).frames}))
async def test_a_reading_shows_what_the_meter_holds(rig: Any, words: int) -> None:
    start = VOLTAGE.address if words == 1 else 0
    async with meeting(rig, start, words) as met:
        met.there.farm.ask(SHOP, write_multiple(OVERLOAD.address, (7654).to_bytes(2, "big")))
        reading = await met.field.read(met.meter)
        held = met.there.farm.meter(SHOP)
        assert reading.prepaid is not None
        assert reading.prepaid.overload_w == 7654
        assert reading.energy_centikwh == held.energy_centikwh
        assert reading.prepaid.remaining_fen == held.remaining_fen


@pytest.mark.parametrize("rig", ["rtu"], indirect=True)
@pytest.mark.parametrize("frame", evidence_plan(MODEL).frames, ids=str)
@pytest.mark.parametrize("shift", [0, 1, 5])
async def test_money_evidence_is_the_meters(rig: Any, frame: Frame, shift: int) -> None:
    """The stranger reads as many registers as our frames have, at the same place or beside it."""
    async with meeting(rig, frame.start + shift, frame.count) as met, met.field.hold(met.meter) as lane:
        held = met.there.farm.meter(SHOP)
        for _ in range(4):
            evidence = await lane.evidence()
            shown = (evidence.purchase_count, evidence.total_purchased_fen, evidence.remaining_fen)
            assert shown == (held.purchase_count, held.total_purchased_fen, held.remaining_fen)


@pytest.mark.parametrize("rig", ["rtu"], indirect=True)
async def test_a_stranger_that_follows_every_length_is_named(rig: Any) -> None:
    """One who reads as many registers as we do each time: no answer can be told from ours, so none is taken."""
    async with meeting(rig, 0, 0) as met:
        with pytest.raises(AnotherMaster, match="another master on bus"):
            await met.field.read(met.meter)
