"""Readings over the wire equal what the farm's meters hold."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from prewatt_fixtures.clock import ManualClock, ScaledClock
from prewatt_platform.field.errors import ImplausibleReading, MeterRefused, NoReply, UnknownModel
from prewatt_platform.field.field import Field
from prewatt_platform.field.master import Station
from prewatt_platform.field.messages import MeterAddress, MeterReading
from prewatt_platform.field.plan import probe_block
from prewatt_platform.field.settings import FieldSettings
from prewatt_simulator.devices.meter_view import MeterView
from prewatt_simulator.faults import Fault

pytestmark = pytest.mark.anyio

NOON = datetime(2021, 12, 28, 4, tzinfo=UTC)
SUPERMARKET = "000001010A"
HAIRDRESSER = "0000010201"
POSTPAID = "0000010102"


def _assert_shows(reading: MeterReading, meter: MeterView, address: MeterAddress) -> None:
    """The reading is the meter's state, cut to one count of its registers."""
    times = address.ct * address.pt if meter.profile.secondary else 1
    assert reading.multiplier == times
    assert reading.energy_centikwh == meter.energy_centikwh // times * times
    by_rate = meter.energy_by_rate_centikwh[: meter.profile.rates]
    assert reading.energy_by_rate_centikwh == tuple(energy // times * times for energy in by_rate)
    assert len(reading.voltages_dv) == len(reading.currents_ca) == meter.profile.phases
    assert all(1900 <= voltage <= 2600 for voltage in reading.voltages_dv)
    assert reading.meter_clock == datetime(2021, 12, 28, 12)
    assert reading.at == NOON
    if not meter.profile.prepaid:
        assert reading.prepaid is None
        return
    assert reading.prepaid is not None
    assert reading.prepaid.remaining_fen == meter.remaining_fen
    assert reading.prepaid.purchase_count == meter.purchase_count
    assert reading.prepaid.total_purchased_fen == meter.total_purchased_fen
    assert reading.prepaid.money_control is meter.money_on
    assert reading.prepaid.relay_closed is meter.relay_closed
    assert reading.prepaid.forced_mode is (meter.forced is not None)
    assert reading.prepaid.prices_e4 == meter.prices_e4
    assert reading.prepaid.alarms_fen == meter.alarms_fen


@pytest.mark.parametrize("site", ["tiny", "mingde"])
async def test_every_meter_of_a_site_reads_as_the_farm_says(rig: Any, site: str) -> None:
    async with rig(site, ScaledClock(NOON, 0)) as there:

        async def check(number: str) -> None:
            address = there.meters[number]
            _assert_shows(await there.field.read(address), there.farm.meter(number), address)

        await asyncio.gather(*map(check, there.meters))


async def test_power_and_current_are_primary_behind_current_transformers(rig: Any) -> None:
    async with rig("tiny", ScaledClock(NOON, 0)) as there:
        reading = await there.field.read(there.meters[POSTPAID])
        assert reading.multiplier == 20
        assert 3_000 <= reading.power_w <= 5_000
        assert reading.power_w % 20 == 0
        assert reading.power_factor_e3 is not None
        assert reading.frequency_chz is not None
        seen_w = sum(u * i for u, i in zip(reading.voltages_dv, reading.currents_ca, strict=True)) // 1000
        assert seen_w * reading.power_factor_e3 // 1000 == pytest.approx(reading.power_w, rel=0.1)


async def test_flags_follow_the_credit(rig: Any) -> None:
    """203 has 12 yuan left: below alarm 1 of 20, above alarm 2 of 5."""
    async with rig("tiny", ScaledClock(NOON, 0)) as there:
        credit = (await there.field.read(there.meters["0000010203"])).prepaid
        assert (credit.alarm_1, credit.alarm_2, credit.arrears) == (True, False, False)
        assert not credit.relay_fault
        assert not credit.over_limit


async def test_reading_survives_one_lost_reply_by_asking_again(rig: Any) -> None:
    async with rig("tiny", ScaledClock(NOON, 0)) as there:
        lost = Fault(kind="lose-reply", meter=HAIRDRESSER, count=1)
        reading = await there.fault_during(lost, there.field.read(there.meters[HAIRDRESSER]))
        assert reading.prepaid.purchase_count == 6


async def test_meter_that_stays_silent_is_no_reply_and_its_neighbours_are_read(rig: Any) -> None:
    async with rig("tiny", ScaledClock(NOON, 0), read_retries=0) as there:
        lost = Fault(kind="lose-request", meter=HAIRDRESSER)
        with pytest.raises(NoReply) as silent:
            await there.fault_during(lost, there.field.read(there.meters[HAIRDRESSER]))
        assert silent.value.meter.number == HAIRDRESSER
        assert (await there.field.read(there.meters["0000010202"])).number == "0000010202"


async def test_late_reading_is_never_another_ones(rig: Any) -> None:
    """Unit, function and count alike: the first answer comes after its question was given up."""
    clock = ManualClock(NOON)
    first, second = bytes.fromhex("03 0215 0002"), bytes.fromhex("03 0217 0002")
    async with rig("tiny", clock) as there:
        delay = Fault(kind="delay-reply", meter=SUPERMARKET, register=0x0215, count=1, delay_s=10)
        meter = there.meters[SUPERMARKET]
        master = there.wire.master(meter.bus)
        station = Station(meter, probe_block(meter.model))
        with pytest.raises(NoReply):
            await there.fault_during(delay, master.exchange(station, first))
        clock.advance(10)
        reply = await master.exchange(station, second)
        energy = there.farm.meter(SUPERMARKET).energy_by_rate_centikwh[0]
        assert reply == bytes((3, 4)) + energy.to_bytes(4, "big")
        asked = [entry.request for entry in there.farm.journal.requests(meter=SUPERMARKET)]
        probe = bytes.fromhex("03 0000 0001")
        assert asked == [probe, first, probe, second]


async def test_unknown_model_is_named_before_anything_is_sent(rig: Any) -> None:
    async with rig("tiny") as there:
        bus = there.meters[POSTPAID].bus
        with pytest.raises(UnknownModel, match="WHD"):
            await there.field.read(MeterAddress(bus, 1, "WHD20R", "0000010101"))
        assert there.field.traffic[bus].requests == 0


async def test_busy_meter_is_asked_again_after_a_wait_of_the_clock(wire: Any) -> None:
    clock = ManualClock(NOON)
    busy = asyncio.Event()

    async def script(asked: Any) -> None:
        if len(server.asked) == 1:
            asked.write(asked.frame(bytes((0x83, 0x06))))
            busy.set()
        else:
            asked.write(asked.frame())

    async with wire.serve(script) as server:
        field = Field(clock, settings=FieldSettings(timeout_s=20))
        reading = asyncio.create_task(field.read(MeterAddress(server.bus, 1, "DTSD1352-C", "0000010102")))
        await busy.wait()
        while not reading.done():
            clock.advance(0.1)
            await asyncio.sleep(0)
        assert reading.result().energy_centikwh == 1
        await field.close()


@pytest.mark.parametrize("code", [0x01, 0x02, 0x03, 0x04])
async def test_refusal_that_will_not_change_is_not_asked_again(wire: Any, code: int) -> None:
    async def script(asked: Any) -> None:
        asked.write(asked.frame(bytes((0x83, code))))

    async with wire.serve(script) as server:
        field = Field(ManualClock(NOON), settings=FieldSettings(timeout_s=20))
        with pytest.raises(MeterRefused) as refused:
            await field.read(MeterAddress(server.bus, 1, "DTSD1352-C", "0000010102"))
        assert (refused.value.code, refused.value.retryable) == (code, False)
        assert len(server.asked) == 1
        await field.close()


@pytest.mark.parametrize(("contradictions", "frames"), [(1, 4), (3, 6)])
async def test_blocks_that_contradict_each_other_are_read_again_a_few_times(
    wire: Any, contradictions: int, frames: int
) -> None:
    """Registers of this peer hold their addresses, so the count's copies differ until the script mends them."""

    async def script(asked: Any) -> None:
        reply = bytearray(wire.answer(asked.pdu))
        if len(server.asked) > 2 * contradictions:
            start = int.from_bytes(asked.pdu[1:3], "big")
            at = 2 + 2 * ((0x0221 if start < 0x0400 else 0x0401) - start)
            reply[at : at + 2] = b"\x00\x07"
        asked.write(asked.frame(bytes(reply)))

    async with wire.serve(script) as server:
        field = Field(ManualClock(NOON), settings=FieldSettings(timeout_s=20, evidence_attempts=3))
        meter = MeterAddress(server.bus, 1, "DDSY1352-NK/F", HAIRDRESSER)
        async with field.hold(meter) as lane:
            if contradictions < 3:
                assert (await lane.evidence()).purchase_count == 7
            else:
                with pytest.raises(ImplausibleReading, match="1025"):
                    await lane.evidence()
        assert len(server.asked) == frames
        await field.close()
