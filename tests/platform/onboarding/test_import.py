"""A site is brought in whole, as often as one likes, and no meter notices."""

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from importlib import resources
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from prewatt_fixtures.endpoints import Endpoint
from prewatt_fixtures.site import Site, load_site, parse_site
from prewatt_platform.accounts.meter_list import (
    MeterListFilter,
    MeterListOrder,
    MeterListRepository,
    MeterListRow,
)
from prewatt_platform.accounts.repository import AccountRepository
from prewatt_platform.kernel.database import Database
from prewatt_platform.kernel.tenancy import PLATFORM, Scope
from prewatt_platform.metering.models import Gateway, Port
from prewatt_platform.metering.repository import GatewayRepository, MeterRepository
from prewatt_platform.onboarding import EndpointOfUnknownPort, Imported, import_site

if TYPE_CHECKING:
    from conftest import Deployment

pytestmark = pytest.mark.anyio

TINY = (resources.files("prewatt_fixtures") / "sites" / "tiny.toml").read_text("utf-8")
ENDPOINTS = (
    Endpoint("000001", 1, "10.0.0.1", 4001, "rtu"),
    Endpoint("000001", 2, "10.0.0.1", 4002, "rtu"),
    Endpoint("000002", 1, "10.0.0.2", 502, "tcp"),
)
UNREACHABLE = (("000001", 1), ("000001", 2), ("000002", 1))


def changed(*replacements: tuple[str, str]) -> Site:
    """`tiny` with some of its text replaced."""
    text = TINY
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    return parse_site(text, "changed")


async def board(database: Database, project_id: int = 1) -> dict[str, MeterListRow]:
    async with database.project(Scope(project_id, PLATFORM)) as work:
        rows, _ = await MeterListRepository(work).page(MeterListFilter(), MeterListOrder(), 1000, None)
    return {row.meter.number: row for row in rows}


async def ports(database: Database) -> dict[tuple[str, int], Port]:
    async with database.project(Scope(1, PLATFORM)) as work:
        return {(port.gateway_number, port.port): port for port in await GatewayRepository(work).ports()}


async def everything(database: Database) -> dict[str, int]:
    """How many rows each table has."""
    async with database.engine.connect() as connection:
        tables = await connection.execute(
            text("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
        )
        return {
            table: (await connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one()
            for table in tables.scalars()
        }


SENSOR_AND_WATER = """
[[meters]]
number = "0000010104"
model = "ARTU"
place = "1号楼水浸"
[[meters]]
number = "0000010105"
model = "水表"
place = "1号楼水表"
start = { volume = "12.345" }
"""


class TestLeftAside:
    async def test_devices_that_measure_no_energy_are_named_and_have_no_row(self, database: Database) -> None:
        site = parse_site(TINY + SENSOR_AND_WATER, "with sensors")
        for meters_new, accounts_new in ((8, 4), (0, 0)):
            assert await import_site(database, site, ENDPOINTS) == Imported(
                "000",
                meters=8,
                meters_new=meters_new,
                accounts_new=accounts_new,
                unreachable=(),
                left_aside=("0000010104", "0000010105"),
            )
        assert set(await board(database)) == {meter.number for meter in load_site("tiny").meters}


class TestFirst:
    async def test_what_the_file_says_is_there_afterwards(self, database: Database) -> None:
        site = load_site("tiny")
        done = await import_site(database, site, ENDPOINTS)
        assert done == Imported("000", meters=8, meters_new=8, accounts_new=4, unreachable=())
        rows = await board(database)
        assert set(rows) == {meter.number for meter in site.meters}
        for described in site.meters:
            row = rows[described.number]
            assert (row.meter.model, row.meter.ct, row.meter.pt) == (
                described.profile.model,
                described.ct,
                described.pt,
            )
            assert (row.point.place, tuple(row.point.area), row.point.nature_of_use) == (
                described.place,
                described.area,
                described.use,
            )
            assert (row.point.base_centikwh, tuple(row.point.prices_e4)) == (
                described.base,
                described.prices.by_rate,
            )
            assert (row.point.alarm_1_fen, row.point.alarm_2_fen) == described.alarms
            assert row.point.overdraft_fen == described.overdraft
            assert row.meter.postpaid is not described.prepaid
            assert row.point.balance_location == ("METER" if described.prepaid else "NONE")
            assert row.state.heard_at is None

    async def test_gateways_and_ports_too(self, database: Database) -> None:
        await import_site(database, load_site("tiny"), ENDPOINTS)
        async with database.project(Scope(1, PLATFORM)) as work:
            gateways: list[Gateway] = await GatewayRepository(work).all()
            named = await GatewayRepository(work).by_numbers(["000002", "000009"])
        assert [(gateway.number, gateway.name, gateway.kind) for gateway in gateways] == [
            ("000001", "1号楼", "serial-server"),
            ("000002", "2号楼", "serial-server"),
        ]
        assert [gateway.number for gateway in named] == ["000002"]
        found = await ports(database)
        assert {
            (place, port.host, port.tcp, port.framing, port.baud, port.parity)
            for place, port in found.items()
        } == {((e.gateway, e.port), e.host, e.tcp, e.framing, 9600, "N") for e in ENDPOINTS}

    async def test_accounts_are_adopted_of_meters_that_come_opened_and_of_no_other(
        self, database: Database
    ) -> None:
        site = load_site("tiny")
        await import_site(database, site)
        rows = await board(database)
        async with database.project(Scope(1, PLATFORM)) as work:
            for described in site.meters:
                row = rows[described.number]
                epoch = await MeterRepository(work).epoch(row.meter)
                if not described.meter_opened:
                    assert (row.account, epoch, row.meter.epoch) == (None, None, 0)
                    continue
                assert row.account is not None
                assert row.customer is not None
                assert epoch is not None
                assert (row.account.state, row.customer.name) == ("OPEN", described.customer)
                assert row.customer.phone == described.phone
                # what the meter's counter stood at is for the meter to say, not for the file
                assert (epoch.epoch, epoch.opening_count, epoch.opening_total_fen) == (1, None, None)

    async def test_no_frame_goes_to_any_meter(
        self, open_deployment: Callable[..., Awaitable["Deployment"]]
    ) -> None:
        deployment = await open_deployment()
        assert list(deployment.farm.journal) == []
        await deployment.platform.start()
        await deployment.read()
        assert deployment.farm.journal.writes() == []

    async def test_who_did_it_stands_in_the_audit_trail(self, database: Database) -> None:
        await import_site(database, load_site("tiny"))
        async with database.project(Scope(1, PLATFORM)) as work:
            row = (
                await work.session.execute(text("SELECT action, actor_name, detail FROM audit_events"))
            ).one()
        assert row == (
            "site imported",
            "platform",
            {"meters": 8, "meters_new": 8, "accounts_new": 4},
        )


class TestAgain:
    async def test_the_same_file_changes_nothing_but_the_audit_trail(self, database: Database) -> None:
        site = load_site("tiny")
        await import_site(database, site, ENDPOINTS)
        before, rows = await everything(database), await board(database)
        done = await import_site(database, site, ENDPOINTS)
        assert done == Imported("000", meters=8, meters_new=0, accounts_new=0, unreachable=())
        after = await everything(database)
        assert {table for table in after if after[table] != before[table]} == {"audit_events"}
        assert await board(database) == rows

    async def test_two_at_once_bring_it_in_once(self, database: Database) -> None:
        site = load_site("tiny")
        done = await asyncio.gather(*(import_site(database, site) for _ in range(3)))
        assert sorted(imported.meters_new for imported in done) == [0, 0, 8]
        assert len(await board(database)) == 8

    async def test_a_changed_file_corrects_what_it_may(self, database: Database) -> None:
        await import_site(database, load_site("tiny"))
        await import_site(
            database,
            changed(
                (
                    'place = "202 待租"\narea = ["1号楼", "2层"]',
                    'place = "202 花店"\narea = ["1号楼", "2层", "东"]',
                ),
                ("ct = 20", 'ct = 30\nremark = "changed in May"'),
            ),
        )
        rows = await board(database)
        assert rows["0000010202"].point.place == "202 花店"
        assert rows["0000010202"].point.area == ["1号楼", "2层", "东"]
        assert (rows["0000010102"].meter.ct, rows["0000010102"].meter.remark) == (30, "changed in May")

    async def test_and_leaves_what_money_hangs_on(self, database: Database) -> None:
        await import_site(database, load_site("tiny"))
        before = (await board(database))["000001010A"]
        await import_site(
            database,
            changed(
                ('sharp = "0.7500"', 'sharp = "9.7500"'),
                ('customer = "赵甲"', 'customer = "somebody else"'),
                ('base = "500.00"', 'base = "1.00"'),
                ('remaining = "250.00", purchase_count = 4', 'remaining = "1.00", purchase_count = 9'),
            ),
        )
        after = (await board(database))["000001010A"]
        assert after == before

    async def test_a_meter_that_is_no_longer_in_the_file_stays(self, database: Database) -> None:
        await import_site(database, load_site("tiny"))
        shorter = load_site("tiny").model_copy(update={"meters": load_site("tiny").meters[:3]})
        done = await import_site(database, shorter)
        assert (done.meters, done.meters_new) == (3, 0)
        assert len(await board(database)) == 8

    async def test_new_meters_and_ports_are_added(self, database: Database) -> None:
        site = load_site("tiny")
        await import_site(database, site.model_copy(update={"meters": site.meters[:3]}))
        done = await import_site(database, site)
        assert (done.meters_new, done.accounts_new) == (5, 3)
        async with database.project(Scope(1, PLATFORM)) as work:
            assert await AccountRepository(work).count() == 4
            assert await MeterRepository(work).count() == 8

    async def test_a_second_project_leaves_the_first_as_it_is(self, database: Database) -> None:
        await import_site(database, load_site("tiny"))
        before = await board(database)
        other = parse_site(TINY.replace('"000', '"007').replace("201 理发店", "elsewhere"), "other")
        await import_site(database, other)
        assert await board(database) == before
        assert len(await board(database, 2)) == 8


class TestEndpoints:
    async def test_without_any_every_port_is_named_as_unreachable(self, database: Database) -> None:
        done = await import_site(database, load_site("tiny"))
        assert done.unreachable == UNREACHABLE
        assert {port.host for port in (await ports(database)).values()} == {None}

    async def test_they_may_be_given_later_and_in_part(self, database: Database) -> None:
        await import_site(database, load_site("tiny"))
        assert (await import_site(database, load_site("tiny"), ENDPOINTS[:1])).unreachable == UNREACHABLE[1:]
        assert (await import_site(database, load_site("tiny"), ENDPOINTS[1:])).unreachable == ()
        found = await ports(database)
        assert (found["000001", 1].host, found["000002", 1].framing) == ("10.0.0.1", "tcp")

    async def test_a_later_table_wins_and_none_takes_nothing_away(self, database: Database) -> None:
        await import_site(database, load_site("tiny"), ENDPOINTS)
        moved = dataclasses.replace(ENDPOINTS[0], host="10.0.0.9")
        await import_site(database, load_site("tiny"), [moved])
        await import_site(database, load_site("tiny"))
        found = await ports(database)
        assert found["000001", 1].host == "10.0.0.9"
        assert found["000001", 2].host == "10.0.0.1"

    async def test_a_table_wins_over_the_file(self, database: Database) -> None:
        site = changed(
            (
                'ports = [{ port = 1, baud = 9600, parity = "N" }]',
                'ports = [{ port = 1, host = "in.the.file", tcp = 9 }]',
            )
        )
        assert (await import_site(database, site)).unreachable == UNREACHABLE[:2]
        assert (await ports(database))["000002", 1].host == "in.the.file"
        await import_site(database, site, ENDPOINTS)
        assert (await ports(database))["000002", 1].host == "10.0.0.2"

    @pytest.mark.parametrize(("gateway", "port"), [("000009", 1), ("000001", 3)])
    async def test_one_of_a_port_that_the_site_lacks_is_named_and_nothing_is_done(
        self, database: Database, gateway: str, port: int
    ) -> None:
        before = await everything(database)
        wrong = Endpoint(gateway, port, "10.0.0.3", 502, "rtu")
        with pytest.raises(EndpointOfUnknownPort, match=f"gateway {gateway} with port {port}") as refused:
            await import_site(database, load_site("tiny"), [*ENDPOINTS, wrong])
        assert refused.value.endpoint == wrong
        assert await everything(database) == before
