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
    from conftest import Deployment

pytestmark = pytest.mark.anyio

OpenDeployment = Callable[..., Awaitable["Deployment"]]
START = datetime(2026, 1, 15, 8, 0, tzinfo=UTC)
HALF_HOUR_S = 1800
DEAD_GATEWAY, LIVING = (
    "000002",
    ("0000010101", "0000010102", "000001010A", "0000010201", "0000010202", "0000010203"),
)
DEAD = ("0000020101", "0000020102")
QUICK = Settings(read_timeout_s=0.2, read_retries=0)


async def slots(deployment: "Deployment", interval_s: int = HALF_HOUR_S) -> dict[str, list[int]]:
    """The slots of each meter's readings, from the first slot on."""
    async with deployment.database.project(deployment.scope) as work:
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


async def all_have(
    deployment: "Deployment", wanted: list[int], numbers: tuple[str, ...] | None = None
) -> None:
    async def have() -> bool:
        taken = await slots(deployment)
        return all(taken[number] == wanted for number in numbers or taken)

    await deployment.until(have)


async def settled(deployment: "Deployment") -> None:
    """Return when the collector has looked at the schedule and has nothing more to do: it waits for the clock."""
    clock = deployment.platform.clock
    assert isinstance(clock, ManualClock)

    async def idle() -> bool:
        collecting = any(task.get_name().startswith("collect ") for task in asyncio.all_tasks())
        return not collecting and len(clock._sleepers) >= 2

    await deployment.until(idle)


async def pass_time(deployment: "Deployment", seconds: float) -> None:
    """Let time pass tick by tick, as the schedule sees it."""
    clock = deployment.platform.clock
    assert isinstance(clock, ManualClock)
    await settled(deployment)
    clock.advance(seconds)
    await asyncio.sleep(0)
    await settled(deployment)


def frames_by_meter(deployment: "Deployment") -> Counter[str | None]:
    return Counter(entry.meter for entry in deployment.farm.journal)


class TestOnce:
    async def test_three_half_hours_on_a_running_clock_read_every_meter_once_each(
        self, open_deployment: OpenDeployment
    ) -> None:
        speed = 600
        clock = ScaledClock(START, speed)
        deployment = await open_deployment(work="all", clock=clock, settings=Settings(tick_s=0.05 * speed))

        async def three_cycles() -> bool:
            return all(len(taken) >= 3 for taken in (await slots(deployment)).values())

        await deployment.until(three_cycles)
        taken = await slots(deployment)
        assert len(taken) == 8
        for number, found in taken.items():
            assert found[:3] == [0, 1, 2], number
            assert len(set(found)) == len(found), number

    async def test_ticks_inside_a_slot_ask_nobody_again(self, open_deployment: OpenDeployment) -> None:
        deployment = await open_deployment(work="all", clock=ManualClock(START))
        await all_have(deployment, [0])
        await pass_time(deployment, 1)
        asked = frames_by_meter(deployment)
        for _ in range(5):
            await pass_time(deployment, 60)
        assert frames_by_meter(deployment) == asked
        await pass_time(deployment, HALF_HOUR_S)
        await all_have(deployment, [0, 1])
        # the first time a unit is asked, a probe goes out; then every reading takes the same frames
        second = frames_by_meter(deployment)
        second.subtract(asked)
        await pass_time(deployment, HALF_HOUR_S)
        third = frames_by_meter(deployment)
        third.subtract(asked)
        third.subtract(second)
        assert third == second

    async def test_a_whole_site(self, open_deployment: OpenDeployment) -> None:
        deployment = await open_deployment("mingde", work="all", clock=ManualClock(START))
        await all_have(deployment, [0])
        await pass_time(deployment, HALF_HOUR_S)
        await all_have(deployment, [0, 1])
        assert len(await slots(deployment)) == 262

    async def test_a_restart_in_the_middle_of_a_slot_reads_nobody_twice(
        self, open_deployment: OpenDeployment
    ) -> None:
        deployment = await open_deployment(work="all", clock=ManualClock(START))
        await all_have(deployment, [0])
        await settled(deployment)
        asked = frames_by_meter(deployment)
        await deployment.platform.stop()
        await deployment.platform.start()
        await settled(deployment)
        assert frames_by_meter(deployment) == asked
        await pass_time(deployment, HALF_HOUR_S)
        await all_have(deployment, [0, 1])

    async def test_of_two_processes_one_reads(self, open_deployment: OpenDeployment) -> None:
        """The second leads when the first has gone, and goes on where it stopped."""
        clock = ManualClock(START)
        deployment = await open_deployment(work="all", clock=clock)
        second = await open_deployment(work="all", clock=clock, code="007")
        await pass_time(deployment, 1)
        await all_have(deployment, [0])
        await all_have(second, [0])
        await settled(deployment)
        asked = frames_by_meter(deployment)
        await deployment.platform.stop()
        clock.advance(HALF_HOUR_S)
        await deployment.until(lambda: _both_read(deployment, second))
        await settled(second)
        assert await slots(deployment) == {number: [0, 1] for number in deployment.farm.meter_numbers}
        assert set(frames_by_meter(deployment)) == set(asked)


async def _both_read(deployment: "Deployment", second: "Deployment") -> bool:
    taken = [*(await slots(deployment)).values(), *(await slots(second)).values()]
    return all(found == [0, 1] for found in taken)


class TestIntervals:
    async def test_a_project_and_a_meter_have_intervals_of_their_own(
        self, open_deployment: OpenDeployment
    ) -> None:
        deployment = await open_deployment(clock=ManualClock(START))
        own = "0000010201"
        async with deployment.database.project(deployment.scope) as work:
            metering = MeteringService(work)
            await metering.set_reading_interval(None, 3600)
            await metering.set_reading_interval(own, 600)
        await deployment.platform.start()
        await all_have(deployment, [0])
        for _ in range(6):
            await pass_time(deployment, 600)

        async def read_as_wanted() -> bool:
            by_hour, by_ten_minutes = await slots(deployment, 3600), await slots(deployment, 600)
            return by_ten_minutes[own] == [0, 1, 2, 3, 4, 5, 6] and all(
                found == [0, 1] for number, found in by_hour.items() if number != own
            )

        await deployment.until(read_as_wanted)

    async def test_taken_back_a_meter_s_interval_is_its_project_s(
        self, open_deployment: OpenDeployment
    ) -> None:
        deployment = await open_deployment(clock=ManualClock(START))
        own = "0000010201"
        for interval_s in (600, None):
            async with deployment.database.project(deployment.scope) as work:
                await MeteringService(work).set_reading_interval(own, interval_s)
        await deployment.platform.start()
        await all_have(deployment, [0])
        await pass_time(deployment, 600)
        await all_have(deployment, [0])

    async def test_a_project_has_an_interval(self, open_deployment: OpenDeployment) -> None:
        deployment = await open_deployment()
        async with deployment.database.project(deployment.scope) as work:
            with pytest.raises(ValueError, match="needs an interval"):
                await MeteringService(work).set_reading_interval(None, None)


class TestFailing:
    async def test_a_dead_gateway_delays_no_other(self, open_deployment: OpenDeployment) -> None:
        """The dead one's time-out is longer than the test waits."""
        deployment = await open_deployment(settings=Settings(read_timeout_s=60), clock=ManualClock(START))
        deployment.farm.faults.add(Fault(kind=FaultKind.DEAD_GATEWAY, gateway=DEAD_GATEWAY))
        await deployment.platform.start()
        await all_have(deployment, [0], LIVING)
        for cycle in (1, 2):
            deployment.platform.clock.advance(HALF_HOUR_S)  # type: ignore[attr-defined]  # moved by hand
            await all_have(deployment, list(range(cycle + 1)), LIVING)
        assert [len((await slots(deployment))[number]) for number in DEAD] == [0, 0]

    async def test_a_failing_meter_is_noted_tried_once_a_slot_and_recovers(
        self, open_deployment: OpenDeployment
    ) -> None:
        deployment = await open_deployment(settings=QUICK, clock=ManualClock(START))
        number = "0000010202"
        dead = deployment.farm.faults.add(Fault(kind=FaultKind.DEAD_METER, meter=number))
        await deployment.platform.start()
        await all_have(deployment, [0], tuple(other for other in LIVING if other != number))
        await pass_time(deployment, 1)
        state = await state_of(deployment, number)
        assert (state.heard_at, state.tried_at) == (None, START)
        assert number in state.failure
        asked = frames_by_meter(deployment)[number]
        await pass_time(deployment, 60)
        assert frames_by_meter(deployment)[number] == asked
        deployment.farm.faults.remove(dead)
        await pass_time(deployment, HALF_HOUR_S)
        await all_have(deployment, [1], (number,))
        state = await state_of(deployment, number)
        assert state.failure is None
        assert state.heard_at == state.tried_at == state.reading_at

    async def test_a_fault_of_ours_with_one_meter_leaves_the_others_of_its_bus(
        self, open_deployment: OpenDeployment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        honest = Lane.read
        broken = "0000010201"

        async def read(lane: Lane) -> Any:
            if lane._meter.number == broken:
                raise ZeroDivisionError
            return await honest(lane)

        monkeypatch.setattr(Lane, "read", read)
        deployment = await open_deployment(work="all", clock=ManualClock(START))
        await all_have(
            deployment, [0], tuple(other for other in deployment.farm.meter_numbers if other != broken)
        )
        await pass_time(deployment, 1)
        assert (await state_of(deployment, broken)).failure == "an internal error"

    async def test_a_meter_whose_gateway_nobody_told_of_is_not_tried(
        self, open_deployment: OpenDeployment
    ) -> None:
        deployment = await open_deployment(work="all", known=False, clock=ManualClock(START))
        await settled(deployment)
        assert {
            (await state_of(deployment, number)).tried_at for number in deployment.farm.meter_numbers
        } == {None}


async def state_of(deployment: "Deployment", number: str) -> Any:
    async with deployment.database.project(deployment.scope) as work:
        meters = MeterRepository(work)
        meter = await meters.by_number(number)
        assert meter is not None
        return await meters.state(meter.id)
