"""Queries on charged fees, and on the energy that meters had counted at an instant."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select

from prewatt_platform.charges.models import Charge, ChargeBatch, ChargeReversal
from prewatt_platform.kernel.tenancy import Repository
from prewatt_platform.metering.models import Meter, Reading


class ChargeRepository(Repository):
    """Charged fees of one project."""

    async def batch(self, batch_id: UUID) -> ChargeBatch | None:
        """The batch of that id."""
        return await self._one(self._scoped(ChargeBatch).where(ChargeBatch.id == batch_id))

    async def by_document(self, document: str) -> ChargeBatch | None:
        """The batch of that document."""
        return await self._one(self._scoped(ChargeBatch).where(ChargeBatch.document == document))

    async def reversal(self, batch_id: UUID) -> ChargeReversal | None:
        """The reversal of a batch."""
        return await self._one(self._scoped(ChargeReversal).where(ChargeReversal.batch_id == batch_id))

    async def of_batch(self, batch_id: UUID) -> Sequence[Charge]:
        """The charges of a batch, by row."""
        return await self._all(
            self._scoped(Charge).where(Charge.batch_id == batch_id).order_by(col(Charge.row_number))
        )

    async def of_account(self, account_id: UUID) -> list[tuple[Charge, ChargeBatch]]:
        """The charges of an account with their batches, oldest first, without those that were reversed."""
        statement = (
            select(Charge, ChargeBatch)
            .join(
                ChargeBatch,
                (col(ChargeBatch.project_id) == Charge.project_id) & (col(ChargeBatch.id) == Charge.batch_id),
            )
            .outerjoin(
                ChargeReversal,
                (col(ChargeReversal.project_id) == Charge.project_id)
                & (col(ChargeReversal.batch_id) == Charge.batch_id),
            )
            .where(Charge.account_id == account_id, col(ChargeReversal.batch_id).is_(None))
            .order_by(col(ChargeBatch.number), col(Charge.row_number))
        )
        rows = await self._session.execute(self._narrow(statement, Charge, ChargeBatch))
        return [(charge, batch) for charge, batch in rows]

    async def next_number(self) -> int:
        """The next batch's number; the caller holds the project's row."""
        statement = self._narrow(select(func.coalesce(func.max(ChargeBatch.number), 0)), ChargeBatch)
        return int((await self._session.execute(statement)).scalar_one()) + 1

    async def energy_at(self, meter_ids: Sequence[UUID], at: datetime) -> dict[UUID, int]:
        """Energy in 0.01 kWh that each meter had counted by its latest fresh reading at or before an instant."""
        # one step down the primary key for each meter, however many readings there are
        latest = (
            select(Reading.energy_centikwh)
            .where(
                Reading.project_id == Meter.project_id,
                Reading.meter_id == Meter.id,
                col(Reading.at) <= at,
                col(Reading.stale).is_(False),
            )
            .order_by(col(Reading.at).desc())
            .limit(1)
            .scalar_subquery()
        )
        statement = select(Meter.id, latest).where(col(Meter.id).in_(meter_ids))
        rows = await self._session.execute(self._narrow(statement, Meter))
        return {meter_id: int(energy) for meter_id, energy in rows if energy is not None}
