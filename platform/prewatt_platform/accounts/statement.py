"""Statement of an account: opening balance, every movement with its document, closing balance; of credit and of owed fees."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from prewatt_platform.accounts.posting import owed
from prewatt_platform.accounts.repository import AccountRepository, OrderRepository
from prewatt_platform.kernel.tenancy import Work
from prewatt_platform.ledger.models import TransferKind
from prewatt_platform.ledger.repository import LedgerRepository, Movement
from prewatt_platform.ledger.rules import AccountKey, AccountKind, Funding
from prewatt_platform.metering.repository import MeterRepository


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One movement, the place it belongs to, and the balance after it."""

    movement: Movement
    place: str
    balance_after_fen: int
    paid_fen: int | None
    """What the customer paid or got back with the movement's receipt, fees and all; None without a receipt."""


@dataclass(frozen=True, slots=True)
class StatementPart:
    """Movements of some ledger accounts in the span. Opening + the lines' amounts = closing."""

    opening_fen: int
    closing_fen: int
    lines: tuple[StatementLine, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """Movements of one account in [since, until): its credit, and the fees that it owes (negative)."""

    since: datetime
    until: datetime
    credit: StatementPart
    fees: StatementPart


async def statement(work: Work, account_id: UUID, since: datetime, until: datetime) -> Statement:
    """The statement of an account: credit handed to its meters, balances that the platform keeps for it, and owed fees."""
    points = await MeterRepository(work).points(await AccountRepository(work).points_ever(account_id))
    places = {str(point.id): point.place for point in points.values()}
    credit_keys = [
        *(AccountKey(AccountKind.DELIVERED, owner, funding) for owner in places for funding in Funding),
        *(AccountKey(AccountKind.BALANCE, f"{account_id}", funding) for funding in Funding),
        *(
            AccountKey(AccountKind.BALANCE, f"{account_id}/{owner}", funding)
            for owner in places
            for funding in Funding
        ),
    ]
    return Statement(
        since,
        until,
        await _part(work, credit_keys, places, since, until),
        await _part(work, [owed(account_id)], {}, since, until),
    )


async def _part(
    work: Work, keys: Sequence[AccountKey], places: Mapping[str, str], since: datetime, until: datetime
) -> StatementPart:
    ledger = LedgerRepository(work)
    # from now backwards: kept balances less what moved since; no fold over years of entries
    now_fen = sum((await ledger.balances_fen(keys)).values())
    opening_fen = now_fen - await ledger.moved_fen(keys, list(TransferKind), since=since)
    movements = await ledger.movements(keys, since=since, until=until)
    documents = {movement.transfer.document for movement in movements if movement.transfer.document}
    orders = await OrderRepository(work).by_receipts(documents)
    balance_fen = opening_fen
    lines = []
    for movement in movements:
        balance_fen += movement.amount_fen
        place = places.get(movement.account.owner.rpartition("/")[2], "")
        order = orders.get(movement.transfer.document or "")
        lines.append(StatementLine(movement, place, balance_fen, None if order is None else order.paid_fen))
    return StatementPart(opening_fen, balance_fen, tuple(lines))
