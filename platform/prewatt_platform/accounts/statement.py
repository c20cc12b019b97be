"""Statement of an account: opening balance, every movement with its document, closing balance."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from prewatt_platform.accounts.repository import AccountRepository
from prewatt_platform.kernel.tenancy import Work
from prewatt_platform.ledger.models import TransferKind
from prewatt_platform.ledger.repository import LedgerRepository, Movement
from prewatt_platform.ledger.rules import AccountKey, AccountKind, Funding
from prewatt_platform.metering.repository import MeterRepository


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One movement, the place it belongs to, and the account's balance after it."""

    movement: Movement
    place: str
    balance_after_fen: int


@dataclass(frozen=True, slots=True)
class Statement:
    """Movements of one account in [since, until). Opening + the lines' amounts = closing."""

    since: datetime
    until: datetime
    opening_fen: int
    closing_fen: int
    lines: tuple[StatementLine, ...]


async def statement(work: Work, account_id: UUID, since: datetime, until: datetime) -> Statement:
    """The statement of an account: credit handed to its meters, and balances that the platform keeps for it."""
    points = await MeterRepository(work).points(await AccountRepository(work).points_ever(account_id))
    owners = {str(point.id): point.place for point in points.values()}
    keys = [
        *(AccountKey(AccountKind.DELIVERED, owner, funding) for owner in owners for funding in Funding),
        *(AccountKey(AccountKind.BALANCE, f"{account_id}", funding) for funding in Funding),
        *(
            AccountKey(AccountKind.BALANCE, f"{account_id}/{owner}", funding)
            for owner in owners
            for funding in Funding
        ),
    ]
    ledger = LedgerRepository(work)
    # from now backwards: kept balances less what moved since; no fold over years of entries
    now_fen = sum((await ledger.balances_fen(keys)).values())
    opening_fen = now_fen - await ledger.moved_fen(keys, list(TransferKind), since=since)
    balance_fen = opening_fen
    lines = []
    for movement in await ledger.movements(keys, since=since, until=until):
        balance_fen += movement.amount_fen
        place = owners.get(movement.account.owner.rpartition("/")[2], "")
        lines.append(StatementLine(movement, place, balance_fen))
    return Statement(since, until, opening_fen, balance_fen, tuple(lines))
