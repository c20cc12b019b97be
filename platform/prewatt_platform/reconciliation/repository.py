"""Queries for reconciling meters: due values by ledger and orders, and the readings to compare them with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Uuid, bindparam, text
from sqlmodel import col, select

from prewatt_platform.accounts.models import Order
from prewatt_platform.control.models import Command, CommandState
from prewatt_platform.kernel.tenancy import Repository
from prewatt_platform.metering.models import BalanceLocation, Meter, MeterEpoch, Point, Reading
from prewatt_platform.metering.readings import ReadingRepository
from prewatt_platform.reconciliation.models import Verification
from prewatt_platform.reconciliation.rules import Registers

USE_PERIOD_MAX: Final = timedelta(days=35)
"""How far back the use of energy is compared; bounds the readings that are looked at."""

# a bound parameter of a list needs its type: asyncpg does not guess what an array holds
_COMPARABLE = text("""
    SELECT wanted.meter_id, earliest.at
      FROM unnest(:meters, :latest, :since) AS wanted (meter_id, latest_at, since)
        JOIN readings newest ON newest.project_id = :project AND newest.meter_id = wanted.meter_id
          AND newest.at = wanted.latest_at,
      LATERAL (SELECT max(at) AS at FROM readings
        WHERE project_id = :project AND meter_id = wanted.meter_id AND at >= since AND at < latest_at AND NOT stale
          AND (prices_e4, multiplier, money_control)
            IS DISTINCT FROM (newest.prices_e4, newest.multiplier, newest.money_control)) AS other,
      LATERAL (SELECT at FROM readings
        WHERE project_id = :project AND meter_id = wanted.meter_id AND at >= since AND at < latest_at AND NOT stale
          AND (other.at IS NULL OR at > other.at) ORDER BY at LIMIT 1) AS earliest""").bindparams(
    bindparam("meters", type_=ARRAY(Uuid)),
    bindparam("latest", type_=ARRAY(DateTime(timezone=True))),
    bindparam("since", type_=ARRAY(DateTime(timezone=True))),
)


@dataclass(frozen=True, slots=True)
class Sold:
    """Orders of a meter's epoch, as `Delivery` has them."""

    applied_count: int | None = None
    applied_fen: int = 0
    posted_fen: int = 0
    open_fen: int | None = None
    open_count: int | None = None
    open_fencing: bool = False


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

    async def sold(self, opened: Sequence[OpenedMeter], readings: Mapping[UUID, Reading]) -> dict[UUID, Sold]:
        """Orders of the running epochs that left for their meter, folded by meter.

        An order that was applied after the meter's reading counts as under way: the reading may show it or not.
        """
        epochs = {each.meter.id: each.epoch.epoch for each in opened}
        statement = (
            select(Order, Command.state)
            .join(
                Command, (col(Command.project_id) == Order.project_id) & (col(Command.id) == Order.command_id)
            )
            .where(
                col(Order.meter_id).in_(epochs),
                (col(Command.state) != CommandState.VOIDED) | col(Order.fenced_at).is_not(None),
            )
            .order_by(col(Order.planned_count))
        )
        rows = await self._session.execute(self._narrow(statement, Order, Command))
        found: dict[UUID, Sold] = {}
        for order, state in rows:
            if order.epoch == epochs[order.meter_id]:
                before = found.get(order.meter_id, Sold())
                found[order.meter_id] = _folded(before, order, state, readings.get(order.meter_id))
        return found

    async def latest(self, opened: Sequence[OpenedMeter]) -> dict[UUID, Reading]:
        """The latest fresh reading of each meter that has one."""
        return await ReadingRepository(self._work).latest([each.meter.id for each in opened])

    async def comparable(
        self, opened: Sequence[OpenedMeter], latest: Mapping[UUID, Reading]
    ) -> dict[UUID, Reading]:
        """The earliest fresh reading of each meter since which prices and multiplier are those of the latest one.

        Not before the epoch and not longer ago than `USE_PERIOD_MAX`; a meter without an earlier one is absent.
        """
        read = [each for each in opened if each.meter.id in latest]
        rows = await self._session.execute(
            _COMPARABLE,
            {
                "project": self._project_id,
                "meters": [each.meter.id for each in read],
                "latest": [latest[each.meter.id].at for each in read],
                "since": [
                    max(each.epoch.started_at, latest[each.meter.id].at - USE_PERIOD_MAX) for each in read
                ],
            },
        )
        keys = [(meter_id, at) for meter_id, at in rows]
        return {reading.meter_id: reading for reading in await ReadingRepository(self._work).at(keys)}


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


def _folded(before: Sold, order: Order, state: str, reading: Reading | None) -> Sold:
    """`before` and one more order, which the meter may have proven (or refused for ever) before or after the reading."""
    proven_at = order.applied_at or order.fenced_at
    gained_fen = 0 if order.fenced_at is not None else order.change_fen
    if proven_at is not None and (reading is None or proven_at <= reading.at):
        return replace(
            before,
            applied_count=order.planned_count,
            applied_fen=before.applied_fen + gained_fen,
            posted_fen=before.posted_fen + gained_fen,
        )
    # credit to be taken back is reserved from what was delivered, also while nothing was sent
    posted_fen = gained_fen if proven_at is not None or gained_fen < 0 else 0
    under_way = before
    if order.planned_count is not None:
        fencing = state == CommandState.FENCING
        under_way = replace(before, open_fen=gained_fen, open_count=order.planned_count, open_fencing=fencing)
    return replace(under_way, posted_fen=before.posted_fen + posted_fen)


class VerificationRepository(Repository):
    """Nightly verifications of one project."""

    async def of_day(self, day: date) -> Verification | None:
        """The verification of a day of the project's zone."""
        return await self._one(self._scoped(Verification).where(Verification.day == day))

    async def latest(self, limit: int) -> Sequence[Verification]:
        """The newest verifications, newest first."""
        return await self._all(self._scoped(Verification).order_by(col(Verification.day).desc()).limit(limit))
