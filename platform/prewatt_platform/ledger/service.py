"""Posting to the ledger inside the caller's transaction.

An order's money moves in two steps: RESERVE moves it from its sources to the order's pending account, then APPLY moves
it to its targets or VOID back. Unique indexes allow each order one RESERVE and one APPLY or VOID, so a step that is
repeated after a crash fails and does not double money. A movement without an order is one POST.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from prewatt_platform.kernel.tenancy import Work
from prewatt_platform.ledger import rules
from prewatt_platform.ledger.models import Step, Transfer, TransferKind
from prewatt_platform.ledger.repository import LedgerRepository
from prewatt_platform.ledger.rules import AccountKey, AccountKind, Funding, Line

Amounts = Mapping[AccountKey, int]
"""Positive fen for each account; accounts with zero get no line."""


class Ledger:
    """The ledger of one project."""

    def __init__(self, work: Work, currency: str) -> None:
        self._work = work
        self._currency = currency
        self._rows = LedgerRepository(work)

    async def reserve(
        self, kind: TransferKind, order: UUID, sources: Amounts, *, document: str | None = None
    ) -> Transfer:
        """Move the order's money from its sources to pending. Raises `LinesRefused` when all amounts are zero."""
        lines = [Line(account, -amount_fen) for account, amount_fen in sources.items() if amount_fen]
        for funding in Funding:
            held_fen = sum(amount for account, amount in sources.items() if account.funding is funding)
            if held_fen:
                lines.append(Line(pending(order, funding), held_fen))
        return await self.post(kind, Step.RESERVE, order, lines, document=document)

    async def apply(
        self,
        kind: TransferKind,
        order: UUID,
        targets: Amounts,
        *,
        document: str | None = None,
        reverses: UUID | None = None,
    ) -> Transfer:
        """Move the order's reserved money to its targets. The amounts must add up to what was reserved."""
        lines = [Line(account, amount_fen) for account, amount_fen in targets.items() if amount_fen]
        for funding in Funding:
            held_fen = sum(amount for account, amount in targets.items() if account.funding is funding)
            if held_fen:
                lines.append(Line(pending(order, funding), -held_fen))
        return await self.post(kind, Step.APPLY, order, lines, document=document, reverses=reverses)

    async def void(self, order: UUID, *, reason: str | None = None) -> Transfer:
        """Move the order's reserved money back to its sources, line by line."""
        reserved, lines = await self._rows.lines_of(order, Step.RESERVE)
        assert reserved is not None, "an order is voided after it was reserved"
        # line by line and not as sums: paid and granted money return to where each came from
        back = [Line(line.account, -line.amount_fen) for line in lines]
        return await self.post(
            reserved.kind, Step.VOID, order, back, document=reserved.document, reason=reason
        )

    async def adopt(self, meter: UUID, point: UUID, amount_fen: int) -> None:
        """Record credit that a meter held before its epoch here began; nothing for zero."""
        if amount_fen:
            lines = rules.moved(
                AccountKey(AccountKind.ADOPTED, str(meter)),
                AccountKey(AccountKind.DELIVERED, str(point)),
                amount_fen,
            )
            await self.post(
                TransferKind.ADJUSTMENT, Step.POST, meter, lines, reason="credit adopted with the meter"
            )

    async def post(
        self,
        kind: TransferKind,
        step: Step,
        subject: UUID,
        lines: Sequence[Line],
        *,
        document: str | None = None,
        reason: str | None = None,
        reverses: UUID | None = None,
    ) -> Transfer:
        """Write one transfer. Raises `LinesRefused` for lines that double entry does not allow."""
        rules.check(lines)
        transfer = Transfer(
            project_id=self._work.project_id,
            id=self._work.new_id(),
            kind=kind,
            step=step,
            subject=subject,
            currency=self._currency,
            at=self._work.clock.now(),
            actor_name=self._work.scope.actor.name,
            document=document,
            reason=reason,
            reverses=reverses,
        )
        await self._rows.post(transfer, lines)
        return transfer


def pending(order: UUID, funding: Funding = Funding.PAID) -> AccountKey:
    """The account of an order's reserved money."""
    return AccountKey(AccountKind.PENDING, str(order), funding)
