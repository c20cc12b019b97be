"""Queries on gateways, points, meters, epochs and states. Readings are in `readings`."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from prewatt_platform.kernel.tenancy import Repository
from prewatt_platform.metering.models import Gateway, Meter, MeterEpoch, MeterState, Point, Port


@dataclass(frozen=True, slots=True)
class Scheduled:
    """One meter of the schedule: its port, interval and latest attempt."""

    meter: Meter
    port: Port
    state: MeterState
    interval_s: int | None
    """The point's own interval; None: the project's."""


class GatewayRepository(Repository):
    """Gateways and their ports."""

    async def all(self) -> list[Gateway]:
        """Every gateway, by number."""
        return await self._all(self._scoped(Gateway).order_by(col(Gateway.number)))

    async def by_numbers(self, numbers: Sequence[str]) -> list[Gateway]:
        """The gateways of those numbers."""
        return await self._all(self._scoped(Gateway).where(col(Gateway.number).in_(numbers)))

    async def ports(self) -> list[Port]:
        """Every port of every gateway."""
        return await self._all(self._scoped(Port).order_by(col(Port.gateway_number), col(Port.port)))

    async def port(self, gateway_number: str, port: int) -> Port | None:
        """One port."""
        return await self._one(
            self._scoped(Port).where(Port.gateway_number == gateway_number, Port.port == port)
        )


class MeterRepository(Repository):
    """Meters, their points, epochs and latest states. By number or in lists: installed meters only; by id: also retired."""

    def _installed(self) -> SelectOfScalar[Meter]:
        return self._scoped(Meter).where(col(Meter.retired_at).is_(None))

    async def by_number(self, number: str, *, for_update: bool = False) -> Meter | None:
        """The installed meter of that number; `for_update` locks it until the end of the transaction."""
        statement = self._installed().where(Meter.number == number)
        return await self._one(statement.with_for_update(key_share=True) if for_update else statement)

    async def by_id(self, meter_id: UUID, *, for_update: bool = False) -> Meter | None:
        """The meter of that id, also a retired one; `for_update` locks it until the end of the transaction."""
        statement = self._scoped(Meter).where(Meter.id == meter_id)
        return await self._one(statement.with_for_update(key_share=True) if for_update else statement)

    async def hold(self, meter_id: UUID, reason: str) -> None:
        """Put a meter on hold: no money is sent to it until a person decides."""
        meter = await self.by_id(meter_id, for_update=True)
        assert meter is not None, "commands concern meters that exist"
        meter.hold_reason = reason

    async def by_numbers(self, numbers: Sequence[str]) -> list[Meter]:
        """The installed meters of those numbers."""
        return await self._all(self._installed().where(col(Meter.number).in_(numbers)))

    async def all(self) -> list[Meter]:
        """Every installed meter, by number."""
        return await self._all(self._installed().order_by(col(Meter.number)))

    async def count(self) -> int:
        """Number of installed meters."""
        installed = select(func.count()).select_from(Meter).where(col(Meter.retired_at).is_(None))
        statement = self._narrow(installed, Meter)
        return int((await self._session.execute(statement)).scalar_one())

    async def point(self, point_id: UUID, *, for_update: bool = False) -> Point:
        """The point of that id; `for_update` locks it until the end of the transaction."""
        statement = self._scoped(Point).where(Point.id == point_id)
        found = await self._one(statement.with_for_update(key_share=True) if for_update else statement)
        assert found is not None, "a meter's point exists: the database says so"
        return found

    async def points(self, point_ids: Sequence[UUID]) -> dict[UUID, Point]:
        """Points by id; ids that this project does not have are absent."""
        found = await self._all(self._scoped(Point).where(col(Point.id).in_(point_ids)))
        return {point.id: point for point in found}

    async def epoch(self, meter: Meter) -> MeterEpoch | None:
        """The running epoch of a meter; None before its first opening."""
        return await self._one(
            self._scoped(MeterEpoch).where(MeterEpoch.meter_id == meter.id, MeterEpoch.epoch == meter.epoch)
        )

    async def state(self, meter_id: UUID) -> MeterState:
        """Latest state of a meter."""
        found = await self._one(self._scoped(MeterState).where(MeterState.meter_id == meter_id))
        assert found is not None, "a meter and its state are written together"
        return found

    async def schedule(self) -> list[Scheduled]:
        """Every installed meter whose gateway can be reached, in the order of the buses."""
        statement = (
            select(Meter, Port, MeterState, Point.reading_interval_s)
            .join(
                Port,
                (col(Port.project_id) == Meter.project_id)
                & (col(Port.gateway_number) == Meter.gateway_number)
                & (col(Port.port) == Meter.port),
            )
            .join(
                MeterState,
                (col(MeterState.project_id) == Meter.project_id) & (col(MeterState.meter_id) == Meter.id),
            )
            .join(Point, (col(Point.project_id) == Meter.project_id) & (col(Point.id) == Meter.point_id))
            .where(col(Port.host).is_not(None), col(Meter.retired_at).is_(None))
            .order_by(col(Meter.number))
        )
        rows = await self._session.execute(self._narrow(statement, Meter, Port, MeterState, Point))
        return [Scheduled(*row) for row in rows]
