"""Every meter is read once in each slot, whatever happens to the others, to the process or to the database."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from prewatt_fixtures.clock import ManualClock, ScaledClock
from prewatt_platform.field.driver import Lane
from prewatt_platform.kernel.settings import Settings
from prewatt_platform.metering.repository import MeterRepository
from prewatt_platform.metering.rules import slot
from prewatt_platform.metering.service import MeteringService
from prewatt_simulator.faults import Fault, FaultKind

if TYPE_CHECKING:
    from conftest import House

pytestmark = pytest.mark.anyio

OpenHouse = Callable[..., Awaitable["House"]]
START = datetime(2026, 1, 15, 8, 0, tzinfo=UTC)
HALF_HOUR_S = 1800
DEAD_GATEWAY, LIVING = (
    "000002",
    ("0000010101", "0000010102", "000001010A", "0000010201", "0000010202", "0000010203"),
)
DEAD = ("0000020101", "0000020102")
QUICK = Settings(read_timeout_s=0.2, read_retries=0)


async def slots(house: "House", interval_s: int = HALF_HOUR_S) -> dict[str, list[int]]:
    """The slots of each meter's readings, from the first slot on."""
    async with house.database.project(house.scope) as work:
        rows = await work.session.execute(
            text(
                "SELECT number, at FROM meters LEFT JOIN readings"
                " ON readings.project_id = meters.project_id AND meter_id = id ORDER BY number, at"
            )
        )
        taken: dict[str, list[int]] = {}
        for number, at in rows:
            taken.setdefault(number, [])
            if at is not None:
                taken[number].append(slot(at, interval_s) - slot(START, interval_s))
    return taken


async def all_have(house: "House", wanted: list[int], numbers: tuple[str, ...] | None = None) -> None:
    async def have() -> bool:
        taken = await slots(house)
        return all(taken[number] == wanted for number in numbers or taken)

    await house.until(have)


async def settled(house: "House") -> None:
    """Return when the collector has looked at the schedule and has nothing more to do: it waits for the clock."""
    clock = house.platform.clock
    assert isinstance(clock, ManualClock)

    async def idle() -> bool:
        collecting = any(task.get_name().startswith("collect ") for task in asyncio.all_tasks())
        return not collecting and len(clock._sleepers) >= 2

    await house.until(idle)


async def pass_time(house: "House", seconds: float) -> None:
    """Let time pass tick by tick, as the schedule sees it."""
    clock = house.platform.clock
    assert isinstance(clock, ManualClock)
    await settled(house)
    clock.advance(seconds)
    await asyncio.sleep(0)
    await settled(house)


def frames_by_meter(house: "House") -> Counter[str | None]:
    return Counter(entry.meter for entry in house.farm.journal)


class TestOnce:
    async def test_three_half_hours_on_a_running_clock_read_every_meter_once_each(
        self, open_house: OpenHouse
    ) -> None:
        speed = 600
        clock = ScaledClock(START, speed)
        house = await open_house(work="all", clock=clock, settings=Settings(tick_s=0.05 * speed))

        async def three_cycles() -> bool:
            return all(len(taken) >= 3 for taken in (await slots(house)).values())

        await house.until(three_cycles)
        taken = await slots(house)
        assert len(taken) == 8
        for number, found in taken.items():
            assert found[:3] == [0, 1, 2], number
            assert len(set(found)) == len(found), number

    async def test_ticks_inside_a_slot_ask_nobody_again(self, open_house: OpenHouse) -> None:
        house = await open_house(work="all", clock=ManualClock(START))
        await all_have(house, [0])
        await pass_time(house, 1)
        asked = frames_by_meter(house)
        for _ in range(5):
            await pass_time(house, 60)
        assert frames_by_meter(house) == asked
        await pass_time(house, HALF_HOUR_S)
        await all_have(house, [0, 1])
        # the first time a unit is asked, a probe goes out; then every reading takes the same frames
        second = frames_by_meter(house)
        second.subtract(asked)
        await pass_time(house, HALF_HOUR_S)
        third = frames_by_meter(house)
        third.subtract(asked)
        third.subtract(second)
        assert third == second

    async def test_a_whole_site(self, open_house: OpenHouse) -> None:
        house = await open_house("mingde", work="all", clock=ManualClock(START))
        await all_have(house, [0])
        await pass_time(house, HALF_HOUR_S)
        await all_have(house, [0, 1])
        assert len(await slots(house)) == 262

    async def test_a_restart_in_the_middle_of_a_slot_reads_nobody_twice(self, open_house: OpenHouse) -> None:
        house = await open_house(work="all", clock=ManualClock(START))
        await all_have(house, [0])
        await settled(house)
        asked = frames_by_meter(house)
        await house.platform.stop()
        await house.platform.start()
        await settled(house)
        assert frames_by_meter(house) == asked
        await pass_time(house, HALF_HOUR_S)
        await all_have(house, [0, 1])

    async def test_of_two_processes_one_reads(self, open_house: OpenHouse) -> None:
        """The second leads when the first has gone, and goes on where it stopped."""
        clock = ManualClock(START)
        house = await open_house(work="all", clock=clock)
        second = await open_house(work="all", clock=clock, code="007")
        await pass_time(house, 1)
        await all_have(house, [0])
        await all_have(second, [0])
        await settled(house)
        asked = frames_by_meter(house)
        await house.platform.stop()
        clock.advance(HALF_HOUR_S)
        await house.until(lambda: _both_read(house, second))
        await settled(second)
        assert await slots(house) == {number: [0, 1] for number in house.farm.meter_numbers}
        assert set(frames_by_meter(house)) == set(asked)


async def _both_read(house: "House", second: "House") -> bool:
    taken = [*(await slots(house)).values(), *(await slots(second)).values()]
    return all(found == [0, 1] for found in taken)


class TestIntervals:
    async def test_a_project_and_a_meter_have_intervals_of_their_own(self, open_house: OpenHouse) -> None:
        house = await open_house(clock=ManualClock(START))
        own = "0000010201"
        async with house.database.project(house.scope) as work:
            metering = MeteringService(work)
            await metering.set_reading_interval(None, 3600)
            await metering.set_reading_interval(own, 600)
        await house.platform.start()
        await all_have(house, [0])
        for _ in range(6):
            await pass_time(house, 600)

        async def read_as_wanted() -> bool:
            by_hour, by_ten_minutes = await slots(house, 3600), await slots(house, 600)
            return by_ten_minutes[own] == [0, 1, 2, 3, 4, 5, 6] and all(
                found == [0, 1] for number, found in by_hour.items() if number != own
            )

        await house.until(read_as_wanted)

    async def test_taken_back_a_meter_s_interval_is_its_project_s(self, open_house: OpenHouse) -> None:
        house = await open_house(clock=ManualClock(START))
        own = "0000010201"
        for interval_s in (600, None):
            async with house.database.project(house.scope) as work:
                await MeteringService(work).set_reading_interval(own, interval_s)
        await house.platform.start()
        await all_have(house, [0])
        await pass_time(house, 600)
        await all_have(house, [0])

    async def test_a_project_has_an_interval(self, open_house: OpenHouse) -> None:
        house = await open_house()
        async with house.database.project(house.scope) as work:
            with pytest.raises(ValueError, match="needs an interval"):
                await MeteringService(work).set_reading_interval(None, None)


class TestFailing:
    async def test_a_dead_gateway_delays_no_other(self, open_house: OpenHouse) -> None:
        """The dead one's time-out is longer than the test waits."""
        house = await open_house(settings=Settings(read_timeout_s=60), clock=ManualClock(START))
        house.farm.faults.add(Fault(kind=FaultKind.DEAD_GATEWAY, gateway=DEAD_GATEWAY))
        await house.platform.start()
        await all_have(house, [0], LIVING)
        for cycle in (1, 2):
            house.platform.clock.advance(HALF_HOUR_S)  # type: ignore[attr-defined]  # moved by hand
            await all_have(house, list(range(cycle + 1)), LIVING)
        assert [len((await slots(house))[number]) for number in DEAD] == [0, 0]

    async def test_a_failing_meter_is_noted_tried_once_a_slot_and_recovers(
        self, open_house: OpenHouse
    ) -> None:
        house = await open_house(settings=QUICK, clock=ManualClock(START))
        number = "0000010202"
        dead = house.farm.faults.add(Fault(kind=FaultKind.DEAD_METER, meter=number))
        await house.platform.start()
        await all_have(house, [0], tuple(other for other in LIVING if other != number))
        await pass_time(house, 1)
        state = await state_of(house, number)
        assert (state.heard_at, state.tried_at) == (None, START)
        assert number in state.failure
        asked = frames_by_meter(house)[number]
        await pass_time(house, 60)
        assert frames_by_meter(house)[number] == asked
        house.farm.faults.remove(dead)
        await pass_time(house, HALF_HOUR_S)
        await all_have(house, [1], (number,))
        state = await state_of(house, number)
        assert state.failure is None
        assert state.heard_at == state.tried_at == state.reading_at

    async def test_a_fault_of_ours_with_one_meter_leaves_the_others_of_its_bus(
        self, open_house: OpenHouse, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        honest = Lane.read
        broken = "0000010201"

        async def read(lane: Lane) -> Any:
            if lane._meter.number == broken:
                raise ZeroDivisionError
            return await honest(lane)

        monkeypatch.setattr(Lane, "read", read)
        house = await open_house(work="all", clock=ManualClock(START))
        await all_have(house, [0], tuple(other for other in house.farm.meter_numbers if other != broken))
        await pass_time(house, 1)
        assert (await state_of(house, broken)).failure == "an internal error"

    async def test_a_meter_whose_gateway_nobody_told_of_is_not_tried(self, open_house: OpenHouse) -> None:
        house = await open_house(work="all", known=False, clock=ManualClock(START))
        await settled(house)
        assert {(await state_of(house, number)).tried_at for number in house.farm.meter_numbers} == {None}


async def state_of(house: "House", number: str) -> Any:
    async with house.database.project(house.scope) as work:
        meters = MeterRepository(work)
        meter = await meters.by_number(number)
        assert meter is not None
        return await meters.state(meter.id)
