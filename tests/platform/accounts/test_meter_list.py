"""The board finds what is looked for, and pages over everything without holes or doubles."""

import itertools
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest
from sqlalchemy import text

from prewatt_fixtures.clock import ManualClock
from prewatt_fixtures.site import Site, load_site
from prewatt_platform.accounts.meter_list import (
    UNOPENED,
    MeterListFilter,
    MeterListOrder,
    MeterListRepository,
    MeterListRow,
    Standing,
)
from prewatt_platform.kernel.database import Database
from prewatt_platform.kernel.ids import IdMaker
from prewatt_platform.kernel.tenancy import PLATFORM, Scope
from prewatt_platform.metering.models import Relay
from prewatt_platform.onboarding import import_site

pytestmark = pytest.mark.anyio

START = datetime(2026, 1, 15, 8, 0, tzinfo=UTC)
SCOPE = Scope(1, PLATFORM)


@pytest.fixture(scope="module")
def mingde() -> Site:
    return load_site("mingde")


@pytest.fixture(scope="module")
async def site_template(
    own_database: Callable[[str], AbstractAsyncContextManager[str]], migrated_template: str, mingde: Site
) -> AsyncIterator[str]:
    """A database with the whole site, to copy."""
    async with own_database(migrated_template) as url:
        database = Database(url, clock=ManualClock(START), new_id=IdMaker(ManualClock(START)))
        await import_site(database, mingde)
        await database.close()
        yield url.rpartition("/test_")[2].partition("?")[0]


@pytest.fixture
async def site(
    own_database: Callable[[str], AbstractAsyncContextManager[str]], site_template: str
) -> AsyncIterator[Database]:
    """The whole site, nothing heard yet, at the moment of its import."""
    clock = ManualClock(START)
    async with own_database(f"test_{site_template}") as url:
        database = Database(url, clock=clock, new_id=IdMaker(clock))
        yield database
        await database.close()


async def look(database: Database, wanted: MeterListFilter | None = None) -> dict[str, MeterListRow]:
    async with database.project(SCOPE) as work:
        board = MeterListRepository(work)
        rows, more = await board.page(wanted or MeterListFilter(), MeterListOrder(), 1000, None)
        assert not more
        assert await board.count(wanted or MeterListFilter()) == len(rows)
    return {row.meter.number: row for row in rows}


async def change(database: Database, statement: str, **values: Any) -> None:
    async with database.project(SCOPE) as work:
        await work.session.execute(text(statement), values)


class TestFilters:
    @pytest.fixture
    async def lively(self, site: Database) -> Database:
        """Some heard, some not; some open, some closed; some accounts being opened."""
        numbers = sorted(await look(site))
        for place, number in enumerate(numbers):
            await change(
                site,
                "UPDATE meter_states SET relay = :relay, heard_at = :heard, alarm_1 = :a, alarm_2 = :b, arrears = :c"
                " FROM meters WHERE id = meter_id AND number = :number",
                relay=("CLOSED", "OPEN", "UNKNOWN")[place % 3],
                heard=(START, START - timedelta(hours=2), None)[place % 5 % 3],
                a=place % 2 == 0,
                b=place % 4 == 0,
                c=place % 8 == 0,
                number=number,
            )
        await change(site, "UPDATE accounts SET state = 'OPENING' WHERE customer_id::text < '8'")
        return site

    async def test_each_alone_and_all_together_find_exactly_what_fits(self, lively: Database) -> None:
        rows = await look(lively)
        some = next(row for row in rows.values() if len(row.point.area) > 1)
        choices: dict[str, list[Any]] = {
            "area": [None, (some.point.area[0],), tuple(some.point.area), ("nowhere",), ()],
            "relay": [None, Relay.OPEN, Relay.CLOSED],
            "account_state": [None, "OPEN", "OPENING", UNOPENED],
            "lost": [None, True, False],
            "number": [None, some.meter.number[4:8]],
            "place": [None, some.point.place[:2]],
        }
        tried = list(itertools.product(*choices.values()))
        assert len(tried) == 720
        for values in tried[::11] + [one for one in tried if sum(value is not None for value in one) <= 1]:
            wanted = MeterListFilter(**dict(zip(choices, values, strict=True)))
            assert set(await look(lively, wanted)) == {
                number for number, row in rows.items() if fits(row, wanted)
            }, wanted

    @pytest.mark.parametrize("standing", Standing)
    async def test_the_standings_part_the_board(self, lively: Database, standing: Standing) -> None:
        rows = await look(lively)
        found = await look(lively, MeterListFilter(standing=standing))
        assert set(found) == {number for number, row in rows.items() if row.standing is standing}

    @pytest.mark.parametrize("sign", ["%", "_", "\\", "/"])
    async def test_signs_of_the_search_language_are_plain_text(self, site: Database, sign: str) -> None:
        assert await look(site, MeterListFilter(place=sign)) == {
            number: row for number, row in (await look(site)).items() if sign in row.point.place
        }
        first = min(await look(site))
        await change(
            site,
            "UPDATE points SET place = :place FROM meters WHERE point_id = points.id AND number = :number",
            place=f"100{sign}",
            number=first,
        )
        assert first in await look(site, MeterListFilter(place=f"0{sign}"))


def fits(row: MeterListRow, wanted: MeterListFilter) -> bool:
    """The same question, asked of the row."""
    return (
        (wanted.area is None or tuple(row.point.area[: len(wanted.area)]) == wanted.area)
        and wanted.relay in {None, Relay(row.state.relay)}
        and wanted.account_state in {None, row.account_state}
        and wanted.lost in {None, row.lost}
        and (wanted.number is None or wanted.number in row.meter.number)
        and (wanted.place is None or wanted.place in row.point.place)
    )


class TestStanding:
    @pytest.mark.parametrize(
        ("account", "alarms", "silent_s", "standing"),
        [
            ("OPEN", (False, False, False), 0, Standing.OPENED),
            ("OPEN", (True, False, False), 0, Standing.ALARM_1),
            ("OPEN", (True, True, False), 0, Standing.ALARM_2),
            ("OPEN", (False, True, False), 0, Standing.ALARM_2),
            ("OPEN", (True, True, True), 0, Standing.ARREARS),
            ("OPENING", (True, True, True), 0, Standing.UNOPENED),
            ("CLOSED", (True, True, True), 0, Standing.UNOPENED),
            (None, (True, True, True), 0, Standing.UNOPENED),
            ("OPEN", (True, True, True), 5400, Standing.ARREARS),
            ("OPEN", (True, True, True), 5401, Standing.LOST),
            (None, (False, False, False), 5401, Standing.LOST),
        ],
    )
    async def test_the_worst_thing_known_of_a_meter_is_its_standing(
        self,
        site: Database,
        mingde: Site,
        account: str | None,
        alarms: tuple[bool, bool, bool],
        silent_s: int,
        standing: Standing,
    ) -> None:
        number = next(meter.number for meter in mingde.meters if meter.meter_opened == (account is not None))
        await change(
            site,
            "UPDATE meter_states SET heard_at = :heard, alarm_1 = :a, alarm_2 = :b, arrears = :c"
            " FROM meters WHERE id = meter_id AND number = :number",
            heard=START - timedelta(seconds=silent_s),
            **dict(zip("abc", alarms, strict=True)),
            number=number,
        )
        if account is not None:
            await change(
                site,
                "UPDATE accounts SET state = :state FROM account_points, meters"
                " WHERE account_id = accounts.id AND account_points.point_id = meters.point_id AND number = :number",
                state=account,
                number=number,
            )
        row = (await look(site))[number]
        assert (row.standing, row.lost) == (standing, standing is Standing.LOST)
        assert row.account_state == (account or UNOPENED)

    async def test_a_meter_never_heard_counts_from_when_it_became_known(
        self, site: Database, mingde: Site
    ) -> None:
        clock = site._clock
        assert isinstance(clock, ManualClock)
        number = mingde.meters[0].number
        clock.advance(5400)
        assert not (await look(site))[number].lost
        clock.advance(1)
        assert (await look(site))[number].lost

    async def test_a_meter_s_own_interval_counts(self, site: Database, mingde: Site) -> None:
        clock = site._clock
        assert isinstance(clock, ManualClock)
        short, long = mingde.meters[0].number, mingde.meters[1].number
        for number, interval_s in ((short, 60), (long, 86400)):
            await change(
                site,
                "UPDATE points SET reading_interval_s = :s FROM meters WHERE point_id = points.id AND number = :number",
                s=interval_s,
                number=number,
            )
        clock.advance(600)
        assert not any(row.lost for row in (await look(site)).values())
        clock.advance(1)
        rows = await look(site)
        assert {number for number, row in rows.items() if row.lost} == {short}
        clock.advance(86400)
        rows = await look(site)
        assert {number for number, row in rows.items() if not row.lost} == {long}


class TestPages:
    @pytest.mark.parametrize("field", ["number", "place"])
    @pytest.mark.parametrize("descending", [False, True])
    @pytest.mark.parametrize("first", [7, 50, 262, 1000])
    async def test_they_hold_every_meter_once_in_order(
        self, site: Database, field: Literal["number", "place"], descending: bool, first: int
    ) -> None:
        await change(site, "UPDATE points SET place = left(place, 2)")  # many alike
        pages = [page async for page in pages_of(site, MeterListOrder(field, descending), first)]
        keys = [(sort_value(row, field), row.meter.id) for page in pages for row in page]
        assert len(keys) == 262
        assert keys == sorted(set(keys), reverse=descending)
        assert {len(page) for page in pages[:-1]} <= {first}
        assert len(pages) == -(-262 // first)

    async def test_rows_that_come_meanwhile_make_neither_holes_nor_doubles(
        self, site: Database, mingde: Site
    ) -> None:
        known = [meter.number for meter in mingde.energy_meters]
        seen: list[str] = []
        new = iter(range(1, 248))
        async for page in pages_of(site, MeterListOrder(), 40):
            seen.extend(row.meter.number for row in page)
            await insert(site, [f"{known[0][:8]}{address:02X}" for address in itertools.islice(new, 40)])
        assert len(seen) == len(set(seen))
        assert set(seen) >= set(known)
        assert seen == sorted(seen)

    async def test_a_filter_holds_on_every_page(self, site: Database) -> None:
        wanted = MeterListFilter(account_state="OPEN")
        rows = [row async for page in pages_of(site, MeterListOrder(), 10, wanted) for row in page]
        assert len(rows) == 62
        assert {row.account_state for row in rows} == {"OPEN"}

    async def test_nothing_follows_the_last(self, site: Database) -> None:
        async with site.project(SCOPE) as work:
            beyond = ("999999FFFF", uuid.UUID(int=0))
            assert await MeterListRepository(work).page(MeterListFilter(), MeterListOrder(), 10, beyond) == (
                [],
                False,
            )


def sort_value(row: MeterListRow, field: str) -> str:
    return row.meter.number if field == "number" else row.point.place


async def pages_of(
    database: Database,
    order: MeterListOrder,
    first: int,
    wanted: MeterListFilter | None = None,
) -> AsyncIterator[list[MeterListRow]]:
    """Page after page, each in a unit of work of its own, as a client asks for them."""
    after: tuple[str, uuid.UUID] | None = None
    more = True
    while more:
        async with database.project(SCOPE) as work:
            rows, more = await MeterListRepository(work).page(
                wanted or MeterListFilter(), order, first, after
            )
        yield rows
        after = (sort_value(rows[-1], order.field), rows[-1].meter.id)


async def insert(database: Database, numbers: list[str]) -> None:
    """More meters, where there is none of that number."""
    async with database.project(SCOPE) as work:
        for number in numbers:
            await work.session.execute(
                text(
                    "WITH p AS (INSERT INTO points SELECT project_id, gen_random_uuid(), 'new', area, nature_of_use,"
                    " balance_location, base_centikwh, prices_e4, alarm_1_fen, alarm_2_fen, overdraft_fen,"
                    " reading_interval_s, control_mode, control_version FROM points LIMIT 1 RETURNING project_id, id),"
                    " m AS (INSERT INTO meters (project_id, id, point_id, number, model, ct, pt, postpaid, created_at, epoch)"
                    " SELECT project_id, gen_random_uuid(), id, :number, 'DTSD1352-C', 1, 1, true, now(), 0 FROM p"
                    " ON CONFLICT DO NOTHING RETURNING project_id, id)"
                    " INSERT INTO meter_states SELECT project_id, id, NULL, NULL, 'UNKNOWN', false, false, false FROM m"
                ),
                {"number": number},
            )


class TestOne:
    async def test_it_is_found_by_number_and_by_id_and_several_by_their_ids(
        self, site: Database, mingde: Site
    ) -> None:
        rows = await look(site)
        one, two = (rows[meter.number] for meter in mingde.meters[:2])
        async with site.project(SCOPE) as work:
            board = MeterListRepository(work)
            assert await board.by_number(one.meter.number) == one
            assert await board.by_id(one.meter.id) == one
            assert await board.by_ids([one.meter.id, two.meter.id, uuid.uuid4()]) == {
                one.meter.id: one,
                two.meter.id: two,
            }
            assert await board.by_number("0000000000") is None
            assert await board.by_id(uuid.uuid4()) is None
