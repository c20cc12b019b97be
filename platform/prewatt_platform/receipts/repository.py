"""Queries on printed receipts."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col

from prewatt_platform.accounts.models import Order
from prewatt_platform.kernel.tenancy import Repository
from prewatt_platform.receipts.models import ReceiptPrint


class ReceiptRepository(Repository):
    """Printed receipts of one project."""

    async def order(self, receipt_number: str) -> Order | None:
        """The order of that receipt, locked: of two prints at the same time one is the first."""
        return await self._one(
            self._scoped(Order).where(Order.receipt_number == receipt_number).with_for_update(key_share=True)
        )

    async def prints(self, receipt_number: str) -> Sequence[ReceiptPrint]:
        """All prints of that receipt, by copy."""
        return await self._all(
            self._scoped(ReceiptPrint)
            .where(ReceiptPrint.receipt_number == receipt_number)
            .order_by(col(ReceiptPrint.copy_number))
        )

    async def by_id(self, print_id: UUID) -> ReceiptPrint | None:
        """The print of that id."""
        return await self._one(self._scoped(ReceiptPrint).where(ReceiptPrint.id == print_id))
