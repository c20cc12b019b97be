"""Brings a site file into the platform: project, gateways, points, meters, and accounts of meter-opened meters.

Safe to repeat: what is there already stays as it is, except addresses of gateways (when endpoints are given) and what
a file may correct without touching money (place, area, ratios, remark). Nothing is written to any meter. The whole
file is one transaction, a new project included. Devices that measure no energy are left aside and named: nothing here reads them yet, and a
row for one would only ever look lost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel

from prewatt_fixtures.endpoints import Endpoint
from prewatt_fixtures.site import Site, SiteGateway, SiteMeter
from prewatt_platform.accounts.models import Account, AccountPoint, AccountState, Customer
from prewatt_platform.accounts.service import account_rows
from prewatt_platform.kernel import audit
from prewatt_platform.kernel.database import Database
from prewatt_platform.kernel.errors import PlatformError
from prewatt_platform.kernel.tenancy import PLATFORM, Scope, Work
from prewatt_platform.metering.models import (
    BalanceLocation,
    Gateway,
    Meter,
    MeterEpoch,
    MeterState,
    Point,
    Port,
)
from prewatt_platform.metering.repository import GatewayRepository, MeterRepository
from prewatt_platform.projects.models import Project
from prewatt_platform.projects.repository import ProjectRepository

_FILLED: Final = tuple(
    str(table.__tablename__)
    for table in (Gateway, Port, Point, Meter, MeterEpoch, MeterState, Customer, Account, AccountPoint)
)
"""The tables that an import fills."""


class EndpointOfUnknownPort(PlatformError):
    """The endpoint table names a port that the site does not have."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        super().__init__(f"endpoints: the site has no gateway {endpoint.gateway} with port {endpoint.port}")


@dataclass(frozen=True, slots=True)
class Imported:
    """Result of an import."""

    project: str
    meters: int
    """Energy meters in the file."""
    meters_new: int
    accounts_new: int
    unreachable: tuple[tuple[str, int], ...]
    """Ports without a known address."""
    left_aside: tuple[str, ...] = ()
    """Numbers of the devices in the file that measure no energy; nothing of them was imported."""


async def import_site(database: Database, site: Site, endpoints: Sequence[Endpoint] = ()) -> Imported:
    """Bring a site into the database; `EndpointOfUnknownPort` and nothing done when the endpoints do not fit."""
    listed = {(gateway.number, port.port) for gateway in site.gateways for port in gateway.ports}
    for endpoint in endpoints:
        if (endpoint.gateway, endpoint.port) not in listed:
            raise EndpointOfUnknownPort(endpoint)
    async with database.directory() as directory:
        project = await _project(directory, site)
        assert project.id is not None
        async with database.within(directory, Scope(project.id, PLATFORM)) as work:
            imported = await _Import(work, site, endpoints).run()
    if imported.meters_new:
        await database.count_rows(*_FILLED)
    return imported


async def _project(directory: Work, site: Site) -> Project:
    projects = ProjectRepository(directory)
    found = await projects.by_code(site.project.code)
    if found is not None:
        return found
    wanted = Project(
        code=site.project.code,
        name=site.project.name,
        timezone=site.project.timezone,
        currency=site.project.currency,
        created_at=directory.clock.now(),
    )
    try:
        async with directory.session.begin_nested():
            return await projects.add(wanted)
    except IntegrityError:  # somebody else imported it at this moment
        found = await projects.by_code(site.project.code)
        assert found is not None
        return found


class _Import:
    def __init__(self, work: Work, site: Site, endpoints: Sequence[Endpoint]) -> None:
        self._work = work
        self._site = site
        self._endpoints = {(endpoint.gateway, endpoint.port): endpoint for endpoint in endpoints}
        self._gateways = GatewayRepository(work)
        self._meters = MeterRepository(work)
        self._metered = site.energy_meters
        self._left_aside = tuple(meter.number for meter in site.meters if not meter.profile.measures_energy)
        self._accounts_new = 0
        # in the order of the tables' references
        self._rows: dict[type[SQLModel], list[SQLModel]] = {
            table: [] for table in (Point, Meter, MeterState, MeterEpoch, Customer, Account, AccountPoint)
        }

    async def run(self) -> Imported:
        # two imports at once would both find nothing there
        await ProjectRepository(self._work).by_id(self._work.project_id, for_update=True)
        await self._import_gateways()
        known = {meter.number: meter for meter in await self._meters.all()}
        new = [meter for meter in self._metered if meter.number not in known]
        await self._correct_known(known)
        for described in new:
            self._add(described)
        await self._meters.add_in_bulk(self._rows)
        ports = await self._gateways.ports()
        unreachable = tuple((port.gateway_number, port.port) for port in ports if port.host is None)
        audit.record(
            self._work,
            "site imported",
            f"project {self._site.project.code}",
            meters=len(self._metered),
            meters_new=len(new),
            accounts_new=self._accounts_new,
        )
        return Imported(
            self._site.project.code,
            len(self._metered),
            len(new),
            self._accounts_new,
            unreachable,
            self._left_aside,
        )

    async def _import_gateways(self) -> None:
        known = {gateway.number for gateway in await self._gateways.all()}
        ports = {(port.gateway_number, port.port): port for port in await self._gateways.ports()}
        for gateway in self._site.gateways:
            if gateway.number not in known:
                await self._gateways.add(
                    Gateway(
                        project_id=self._work.project_id,
                        id=self._work.new_id(),
                        number=gateway.number,
                        name=gateway.name,
                        kind=gateway.kind,
                    )
                )
            for row in self._ports(gateway):
                existing = ports.get((row.gateway_number, row.port))
                if existing is None:
                    await self._gateways.add(row)
                elif row.host is not None:
                    existing.host, existing.tcp, existing.framing = row.host, row.tcp, row.framing

    def _ports(self, gateway: SiteGateway) -> list[Port]:
        rows = []
        for port in gateway.ports:
            endpoint = self._endpoints.get((gateway.number, port.port))
            rows.append(
                Port(
                    project_id=self._work.project_id,
                    gateway_number=gateway.number,
                    port=port.port,
                    baud=port.baud,
                    parity=port.parity,
                    host=port.host if endpoint is None else endpoint.host,
                    tcp=port.tcp if endpoint is None else endpoint.tcp,
                    framing=port.framing if endpoint is None else endpoint.framing,
                )
            )
        return rows

    async def _correct_known(self, known: Mapping[str, Meter]) -> None:
        described = [meter for meter in self._metered if meter.number in known]
        points = await self._meters.points([known[meter.number].point_id for meter in described])
        for row in described:
            meter = known[row.number]
            point = points[meter.point_id]
            meter.ct, meter.pt, meter.remark = row.ct, row.pt, row.remark
            point.place, point.area, point.nature_of_use = row.place, list(row.area), row.use

    def _add(self, described: SiteMeter) -> None:
        """Collect the rows of a new meter."""
        project_id = self._work.project_id
        now = self._work.clock.now()
        point_id, meter_id = self._work.new_id(), self._work.new_id()
        adopted = described.prepaid and described.meter_opened
        self._rows[Point].append(
            Point(
                project_id=project_id,
                id=point_id,
                place=described.place,
                area=list(described.area),
                nature_of_use=described.use,
                balance_location=BalanceLocation.METER if described.prepaid else BalanceLocation.NONE,
                base_centikwh=described.base,
                prices_e4=list(described.prices.by_rate),
                alarm_1_fen=described.alarms[0],
                alarm_2_fen=described.alarms[1],
                overdraft_fen=described.overdraft,
            )
        )
        self._rows[Meter].append(
            Meter(
                project_id=project_id,
                id=meter_id,
                point_id=point_id,
                number=described.number,
                model=described.profile.model,
                ct=described.ct,
                pt=described.pt,
                postpaid=not described.prepaid,
                remark=described.remark,
                # lost meters are counted from the import, not from the date in the file
                created_at=now,
                epoch=1 if adopted else 0,
            )
        )
        self._rows[MeterState].append(MeterState(project_id=project_id, meter_id=meter_id))
        if adopted:
            self._adopt(point_id, meter_id, described)

    def _adopt(self, point_id: UUID, meter_id: UUID, described: SiteMeter) -> None:
        """A meter that comes opened: an account, and an epoch whose opening values are read from the meter later."""
        self._rows[MeterEpoch].append(
            MeterEpoch(
                project_id=self._work.project_id,
                meter_id=meter_id,
                epoch=1,
                started_at=self._work.clock.now(),
                reason="adopted with the site",
            )
        )
        customer, account, owned = account_rows(
            self._work,
            point_id,
            described.customer or described.place,
            described.phone,
            AccountState.OPEN,
        )
        self._rows[Customer].append(customer)
        self._rows[Account].append(account)
        self._rows[AccountPoint].append(owned)
        self._accounts_new += 1
