"""Readings are stored once, in their month's partition; a meter's state is updated by newer readings only."""

import asyncio
import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from prewatt_fixtures.site import load_site
from prewatt_platform.field.messages import MeterReading, PrepaidReading
from prewatt_platform.kernel.backbone import Backbone
from prewatt_platform.kernel.database import Database
from prewatt_platform.kernel.tenancy import PLATFORM, Scope
from prewatt_platform.metering.models import MeterState, Reading
from prewatt_platform.metering.readings import Failure, ReadingRepository
from prewatt_platform.metering.repository import MeterRepository
from prewatt_platform.onboarding import import_site

pytestmark = pytest.mark.anyio

AT = datetime(2026, 1, 15, 8, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SCOPE = Scope(1, PLATFORM)

PREPAID = PrepaidReading(
    remaining_fen=-1234,
    purchase_count=65535,
    total_purchased_fen=4294967295,
    money_control=True,
    relay_closed=False,
    relay_fault=False,
    forced_mode=True,
    forced_closed=False,
    alarm_1=True,
    alarm_2=True,
    arrears=True,
    over_limit=False,
    alarms_fen=(4294967295, 500),
    prices_e4=(4294967295, 1, 2, 3),
    overdraft_fen=4294967295,
    overload_w=65535,
    hoarding_limit_fen=0,
    base_centikwh=0,
)
READING = MeterReading(
    number="0000010202",
    at=AT,
    meter_clock=datetime(2026, 1, 15, 16, 0, 3),
    multiplier=9999 * 9999,
    energy_centikwh=4294967295 * 9999 * 9999,
    energy_by_rate_centikwh=(1, 2, 3, 4),
    power_w=-(2**31) * 9999 * 9999,
    voltages_dv=(65535 * 9999, 2201, 2202),
    currents_ca=(65535 * 9999, 1, 2),
    power_factor_e3=-1000,
    frequency_chz=5001,
    prepaid=PREPAID,
)


@pytest.fixture
async def meters(database: Database) -> list[UUID]:
    await import_site(database, load_site("tiny"))
    async with database.project(SCOPE) as work:
        return [meter.id for meter in await MeterRepository(work).all()]


async def store(database: Database, readings: dict[UUID, MeterReading]) -> None:
    async with database.project(SCOPE) as work:
        await ReadingRepository(work).store(readings)


async def state(database: Database, meter: UUID) -> MeterState:
    async with database.project(SCOPE) as work:
        return await MeterRepository(work).state(meter)


async def ask(database: Database, question: Callable[[ReadingRepository], Any]) -> Any:
    async with database.project(SCOPE) as work:
        return await question(ReadingRepository(work))


async def months(database: Database) -> list[str]:
    async with database.engine.connect() as connection:
        found = await connection.execute(
            text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'readings'::regclass")
        )
        return sorted(found.scalars())


def at(moment: datetime, **other: Any) -> MeterReading:
    """A reading taken at a moment, with a meter's clock that goes with it."""
    assert READING.meter_clock is not None
    clock = READING.meter_clock + (moment - AT)
    return dataclasses.replace(READING, at=moment, meter_clock=clock, **other)


class TestStore:
    async def test_extreme_register_values_are_stored_exactly(
        self, database: Database, meters: list[UUID]
    ) -> None:
        await store(database, {meters[0]: READING})
        found: Reading = (await ask(database, lambda r: r.latest(meters)))[meters[0]]
        for field in dataclasses.fields(MeterReading):
            if field.name in {"number", "prepaid", "raw", "energy_range_centikwh"}:
                continue
            wanted = getattr(READING, field.name)
            assert getattr(found, field.name) == (list(wanted) if isinstance(wanted, tuple) else wanted)
        stored = {"relay_fault", "hoarding_limit_fen", "base_centikwh"}
        for field in dataclasses.fields(PrepaidReading):
            if field.name in stored:
                continue
            wanted = getattr(PREPAID, field.name)
            assert getattr(found, field.name) == (list(wanted) if isinstance(wanted, tuple) else wanted)

    async def test_a_meter_without_credit_has_none(self, database: Database, meters: list[UUID]) -> None:
        await store(database, {meters[0]: dataclasses.replace(READING, prepaid=None, meter_clock=None)})
        found: Reading = (await ask(database, lambda r: r.latest(meters)))[meters[0]]
        assert {found.remaining_fen, found.prices_e4, found.relay_closed, found.meter_clock} == {None}
        assert (await state(database, meters[0])).relay == "UNKNOWN"

    async def test_storing_a_reading_again_changes_nothing(
        self, database: Database, meters: list[UUID]
    ) -> None:
        await store(database, {meters[0]: READING})
        await store(
            database,
            {meters[0]: dataclasses.replace(READING, energy_centikwh=0, prepaid=None), meters[1]: READING},
        )
        found: dict[UUID, Reading] = await ask(database, lambda r: r.latest(meters))
        assert set(found) == set(meters[:2])
        assert found[meters[0]].energy_centikwh == READING.energy_centikwh
        assert (await state(database, meters[0])).relay == "OPEN"
        assert await ask(database, lambda r: r.count(meters[0])) == 1

    async def test_energies_count_on_where_counters_begin_again(
        self, database: Database, meters: list[UUID]
    ) -> None:
        turn, later = 2_000, AT + timedelta(hours=1)
        energies = {"energy_range_centikwh": turn, "multiplier": 20}
        top = at(
            AT,
            energy_centikwh=1_980,
            energy_by_rate_centikwh=(1_990, 700, 0, 1),
            energy_reverse_centikwh=5,
            **energies,
        )
        over = at(
            later,
            energy_centikwh=40,
            energy_by_rate_centikwh=(0, 740, 0, 1),
            energy_reverse_centikwh=6,
            **energies,
        )
        for reading in (top, over, at(later + timedelta(hours=1), energy_centikwh=60, **energies)):
            await store(database, {meters[0]: reading})
        (first, second, third) = await ask(
            database, lambda r: r.in_period(meters[0], AT, AT + timedelta(days=1), 9)
        )
        assert [each.energy_centikwh for each in (first, second, third)] == [1_980, 2_040, 2_060]
        assert second.energy_by_rate_centikwh == [2_000, 740, 0, 1]
        assert second.energy_reverse_centikwh == 6
        assert not any(each.stale for each in (first, second, third))

    async def test_an_empty_batch_stores_nothing(self, database: Database, meters: list[UUID]) -> None:
        await store(database, {})
        assert await ask(database, lambda r: r.latest(meters)) == {}

    async def test_each_new_reading_sends_an_event(
        self, database: Database, database_url: str, meters: list[UUID]
    ) -> None:
        backbone = Backbone(database_url)
        await backbone.start()
        async with backbone.listening(1, "reading") as events, asyncio.timeout(30):
            await store(database, {meters[0]: READING, meters[1]: READING})
            assert {(await events.get()).subject for _ in range(2)} == set(meters[:2])
        await backbone.stop()


class TestState:
    async def test_the_state_is_that_of_the_newest_reading_in_any_order(
        self, database: Database, meters: list[UUID]
    ) -> None:
        closed = dataclasses.replace(PREPAID, relay_closed=True, alarm_1=False, alarm_2=False, arrears=False)
        await store(database, {meters[0]: at(AT, prepaid=closed)})
        await store(database, {meters[0]: at(AT - MINUTE)})
        found = await state(database, meters[0])
        assert (found.relay, found.alarm_1, found.alarm_2, found.arrears) == ("CLOSED", False, False, False)
        assert found.heard_at == found.reading_at == found.tried_at == AT
        assert await ask(database, lambda r: r.count(meters[0])) == 2
        newest: Reading = (await ask(database, lambda r: r.latest(meters)))[meters[0]]
        assert newest.at == AT
        await store(database, {meters[0]: at(AT + MINUTE)})
        assert (await state(database, meters[0])).relay == "OPEN"

    async def test_alarms_are_ignored_while_money_control_is_off(
        self, database: Database, meters: list[UUID]
    ) -> None:
        off = dataclasses.replace(PREPAID, money_control=False)
        await store(database, {meters[0]: at(AT, prepaid=off)})
        found = await state(database, meters[0])
        assert (found.alarm_1, found.alarm_2, found.arrears) == (False, False, False)

    async def test_a_failure_is_noted_and_a_later_reading_clears_it(
        self, database: Database, meters: list[UUID]
    ) -> None:
        await ask(database, lambda r: r.note_failures({meters[0]: Failure(AT, "silent")}))
        found = await state(database, meters[0])
        assert (found.failure, found.tried_at, found.heard_at) == ("silent", AT, None)
        await store(database, {meters[0]: at(AT + MINUTE)})
        found = await state(database, meters[0])
        assert (found.failure, found.tried_at) == (None, AT + MINUTE)

    async def test_a_failure_from_before_the_last_try_changes_nothing(
        self, database: Database, meters: list[UUID]
    ) -> None:
        await store(database, {meters[0]: READING})
        await ask(database, lambda r: r.note_failures({meters[0]: Failure(AT - MINUTE, "silent")}))
        found = await state(database, meters[0])
        assert (found.failure, found.tried_at) == (None, AT)


class TestMonths:
    async def test_a_partition_is_created_with_its_first_reading(
        self, database: Database, meters: list[UUID]
    ) -> None:
        last_of_year = datetime(2027, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
        moments = [
            datetime(2028, 2, 29, 23, 59, 59, tzinfo=UTC),
            datetime(2028, 3, 1, tzinfo=UTC),
            last_of_year,
            last_of_year + timedelta(microseconds=1),
        ]
        assert await months(database) == []
        for moment in moments:
            await store(database, {meters[0]: at(moment)})
        assert await months(database) == [
            "readings_2027_12",
            "readings_2028_01",
            "readings_2028_02",
            "readings_2028_03",
        ]
        assert await ask(database, lambda r: r.count(meters[0])) == 4

    async def test_one_batch_may_span_several_months(self, database: Database, meters: list[UUID]) -> None:
        batch = {meter: at(AT + timedelta(days=31 * place)) for place, meter in enumerate(meters)}
        await store(database, batch)
        assert len(await months(database)) == len(meters)

    async def test_concurrent_first_readings_create_one_partition(
        self, database: Database, meters: list[UUID]
    ) -> None:
        await asyncio.gather(*(store(database, {meter: READING}) for meter in meters))
        assert await months(database) == ["readings_2026_01"]
        assert len(await ask(database, lambda r: r.latest(meters))) == len(meters)


class TestFetch:
    async def test_a_range_includes_its_start_excludes_its_end_and_is_limited(
        self, database: Database, meters: list[UUID]
    ) -> None:
        for place in (3, 1, 2, 0):
            await store(database, {meters[0]: at(AT + place * MINUTE), meters[1]: at(AT + place * MINUTE)})

        async def in_period(start: int, end: int, limit: int) -> list[int]:
            rows = await ask(
                database, lambda r: r.in_period(meters[0], AT + start * MINUTE, AT + end * MINUTE, limit)
            )
            assert {row.meter_id for row in rows} <= {meters[0]}
            return [(row.at - AT) // MINUTE for row in rows]

        assert await in_period(0, 3, 10) == [0, 1, 2]
        assert await in_period(1, 4, 2) == [1, 2]
        assert await in_period(4, 9, 10) == []

    async def test_readings_at_given_instants(self, database: Database, meters: list[UUID]) -> None:
        for place in range(2):
            await store(database, {meter: at(AT + place * MINUTE) for meter in meters[:2]})
        wanted = [(meters[0], AT), (meters[1], AT + MINUTE), (meters[2], AT)]
        rows = await ask(database, lambda r: r.at(wanted))
        assert {(row.meter_id, row.at) for row in rows} == set(wanted[:2])
