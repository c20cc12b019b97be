"""Queries for reconciling meters: due values by ledger and orders, and the readings to compare them with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select

from prewatt_platform.accounts.models import Sale
from prewatt_platform.control.models import Command, CommandState
from prewatt_platform.kernel.tenancy import Repository
from prewatt_platform.ledger.repository import LedgerRepository
from prewatt_platform.ledger.rules import AccountKey, AccountKind, Funding
from prewatt_platform.metering.models import BalanceLocation, Meter, MeterEpoch, Point, Reading
from prewatt_platform.metering.readings import ReadingRepository
from prewatt_platform.reconciliation.rules import Delivery, Registers

USE_PERIOD_MAX: Final = timedelta(days=35)
"""How far back the use of energy is compared; bounds the readings that are looked at."""


@dataclass(frozen=True, slots=True)
class Sold:
    """Orders of a meter's epoch, as `Delivery` has them."""

    applied_count: int | None = None
    applied_fen: int = 0
    posted_fen: int = 0
    open_fen: int | None = None
    open_count: int | None = None


@dataclass(frozen=True, slots=True)
class OpenedMeter:
    """A meter that credit is delivered to, its running epoch and its place."""

    meter: Meter
    epoch: MeterEpoch
    place: str


class ReconciliationRepository(Repository):
    """What one project's meters should show, and what they showed."""

    async def opened(
        self, numbers: Sequence[str] | None = None, *, after: str | None = None, limit: int | None = None
    ) -> list[OpenedMeter]:
        """Installed meters with credit of their own and a running epoch, by number."""
        statement = (
            select(Meter, MeterEpoch, Point.place)
            .join(
                MeterEpoch,
                (col(MeterEpoch.project_id) == Meter.project_id)
                & (col(MeterEpoch.meter_id) == Meter.id)
                & (col(MeterEpoch.epoch) == Meter.epoch),
            )
            .join(Point, (col(Point.project_id) == Meter.project_id) & (col(Point.id) == Meter.point_id))
            .where(col(Meter.retired_at).is_(None), col(Point.balance_location) == BalanceLocation.METER)
            .order_by(col(Meter.number))
            .limit(limit)
        )
        if numbers is not None:
            statement = statement.where(col(Meter.number).in_(numbers))
        if after is not None:
            statement = statement.where(col(Meter.number) > after)
        rows = await self._session.execute(self._narrow(statement, Meter, MeterEpoch, Point))
        return [OpenedMeter(*row) for row in rows]

    async def due(
        self, opened: Sequence[OpenedMeter], readings: Mapping[UUID, Reading]
    ) -> dict[UUID, Delivery]:
        """What each meter should show at its reading; a meter whose opening values were not read yet is absent."""
        sold = await self._sold(opened, readings)
        keys = {
            (each.meter.point_id, funding): AccountKey(
                AccountKind.DELIVERED, str(each.meter.point_id), funding
            )
            for each in opened
            for funding in Funding
        }
        balances = await LedgerRepository(self._work).balances_fen(list(keys.values())) if keys else {}
        return {
            each.meter.id: Delivery(
                opening_count=each.epoch.opening_count,
                opening_total_fen=each.epoch.opening_total_fen,
                applied_count=of_meter.applied_count,
                applied_fen=of_meter.applied_fen,
                posted_fen=of_meter.posted_fen,
                delivered_fen=sum(balances.get(keys[each.meter.point_id, funding], 0) for funding in Funding),
                open_fen=of_meter.open_fen,
                open_count=of_meter.open_count,
            )
            for each in opened
            if each.epoch.opening_count is not None and each.epoch.opening_total_fen is not None
            for of_meter in [sold.get(each.meter.id, Sold())]
        }

    async def _sold(
        self, opened: Sequence[OpenedMeter], readings: Mapping[UUID, Reading]
    ) -> dict[UUID, Sold]:
        """Orders of the running epochs that left for their meter, folded by meter.

        An order that was applied after the meter's reading counts as under way: the reading may show it or not.
        """
        epochs = {each.meter.id: each.epoch.epoch for each in opened}
        statement = (
            select(Sale, Command.state)
            .join(
                Command, (col(Command.project_id) == Sale.project_id) & (col(Command.id) == Sale.command_id)
            )
            .where(
                col(Sale.meter_id).in_(epochs),
                col(Sale.planned_count).is_not(None),
                col(Command.state) != CommandState.VOIDED,
            )
            .order_by(col(Sale.planned_count))
        )
        rows = await self._session.execute(self._narrow(statement, Sale, Command))
        found: dict[UUID, Sold] = {}
        for sale, state in rows:
            if sale.epoch != epochs[sale.meter_id]:
                continue
            before = found.get(sale.meter_id, Sold())
            applied = state == CommandState.APPLIED
            if applied and not _behind(sale, readings.get(sale.meter_id)):
                changed = replace(
                    before, applied_count=sale.planned_count, applied_fen=before.applied_fen + sale.amount_fen
                )
            else:
                changed = replace(before, open_fen=sale.amount_fen, open_count=sale.planned_count)
            found[sale.meter_id] = replace(
                changed, posted_fen=before.posted_fen + (sale.amount_fen if applied else 0)
            )
        return found

    async def latest(self, opened: Sequence[OpenedMeter]) -> dict[UUID, Reading]:
        """The latest fresh reading of each meter that has one."""
        return await ReadingRepository(self._work).latest([each.meter.id for each in opened])

    async def comparable(self, each: OpenedMeter, latest: Reading) -> Reading | None:
        """The earliest fresh reading since which prices and multiplier are those of the latest; None without an earlier one.

        Not before the epoch and not longer ago than `USE_PERIOD_MAX`.
        """
        since = max(each.epoch.started_at, latest.at - USE_PERIOD_MAX)
        fresh = (
            col(Reading.project_id) == self._project_id,
            col(Reading.meter_id) == each.meter.id,
            col(Reading.at) >= since,
            col(Reading.stale).is_(False),
        )
        changed = select(func.max(Reading.at)).where(
            *fresh,
            col(Reading.prices_e4).is_distinct_from(latest.prices_e4)
            | (col(Reading.multiplier) != latest.multiplier)
            | col(Reading.money_control).is_distinct_from(latest.money_control),
        )
        last_other: datetime | None = (await self._session.execute(changed)).scalar_one()
        statement = self._scoped(Reading).where(*fresh, col(Reading.at) < latest.at)
        if last_other is not None:
            statement = statement.where(col(Reading.at) > last_other)
        return await self._one(statement.order_by(col(Reading.at)).limit(1))


def registers_of(reading: Reading) -> Registers | None:
    """The registers to compare; None when the meter has no money registers."""
    if reading.purchase_count is None or reading.total_purchased_fen is None or reading.remaining_fen is None:
        return None
    return Registers(
        at=reading.at,
        purchase_count=reading.purchase_count,
        total_purchased_fen=reading.total_purchased_fen,
        remaining_fen=reading.remaining_fen,
        energy_by_rate_centikwh=tuple(reading.energy_by_rate_centikwh),
        prices_e4=None if reading.prices_e4 is None else tuple(reading.prices_e4),
        multiplier=reading.multiplier,
    )


def _behind(sale: Sale, reading: Reading | None) -> bool:
    """Whether the sale was proven after the reading was taken."""
    return reading is not None and sale.applied_at is not None and sale.applied_at > reading.at
