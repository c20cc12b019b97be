"""Verbs of the ledger: reserve, apply, void, adopt. Each is one transfer that sums to zero.

    reserve   till    → pending     money was taken, the order is on its way
    apply     pending → delivered   the meter was seen to hold it
    void      pending → till        it never left
    adopt     adopted → delivered   credit that a meter held before we knew it

A till runs below zero by what was taken through it: it owes that much cash. An order is reserved at most once and
ends at most once; unique indexes say so even to two processes.
"""

from uuid import UUID

from prewatt_platform.kernel.tenancy import Work
from prewatt_platform.ledger.models import AccountKind, Entry, Transfer, TransferKind
from prewatt_platform.ledger.repository import LedgerRepository


class Ledger:
    """The ledger of one project, inside one unit of work."""

    def __init__(self, work: Work, currency: str) -> None:
        self._work = work
        self._currency = currency
        self._rows = LedgerRepository(work)

    async def reserve(self, order: UUID, operator: str, amount_fen: int) -> None:
        """Set money aside for an order."""
        await self._move(
            TransferKind.SALE,
            "reserve",
            order,
            (AccountKind.TILL, operator),
            (AccountKind.PENDING, str(order)),
            amount_fen,
        )

    async def apply(self, order: UUID, point: UUID, amount_fen: int) -> None:
        """The order's money stands in the meter of that point."""
        await self._move(
            TransferKind.SALE,
            "apply",
            order,
            (AccountKind.PENDING, str(order)),
            (AccountKind.DELIVERED, str(point)),
            amount_fen,
        )

    async def void(self, order: UUID, operator: str, amount_fen: int) -> None:
        """The order's money goes back to where it was taken."""
        await self._move(
            TransferKind.SALE,
            "void",
            order,
            (AccountKind.PENDING, str(order)),
            (AccountKind.TILL, operator),
            amount_fen,
        )

    async def adopt(self, meter: UUID, point: UUID, amount_fen: int) -> None:
        """A meter came to us with credit purchased elsewhere."""
        if amount_fen:
            await self._move(
                TransferKind.ADJUSTMENT,
                "adopt",
                meter,
                (AccountKind.ADOPTED, str(meter)),
                (AccountKind.DELIVERED, str(point)),
                amount_fen,
            )

    async def _move(
        self,
        kind: TransferKind,
        step: str,
        subject: UUID,
        source: tuple[AccountKind, str],
        target: tuple[AccountKind, str],
        amount_fen: int,
    ) -> None:
        if amount_fen <= 0:
            raise ValueError(f"a transfer moves a positive amount, not {amount_fen}")
        transfer = Transfer(
            project_id=self._work.project_id,
            id=self._work.new_id(),
            kind=kind,
            step=step,
            subject=subject,
            currency=self._currency,
            at=self._work.clock.now(),
        )
        amounts = ((source, -amount_fen), (target, amount_fen))
        entries = [
            Entry(
                project_id=self._work.project_id,
                transfer_id=transfer.id,
                line=line,
                account_id=(await self._rows.account(*account)).id,
                amount_fen=amount,
            )
            for line, (account, amount) in enumerate(amounts, start=1)
        ]
        await self._rows.post(transfer, entries)
