"""Queries on ledger accounts, transfers, entries and balances."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from prewatt_platform.kernel.tenancy import Repository
from prewatt_platform.ledger.models import Balance, Entry, LedgerAccount, Step, Transfer, TransferKind
from prewatt_platform.ledger.rules import NEVER_NEGATIVE, AccountKey, AccountKind, Funding, Line

# joins name the project on both sides, so that the leading column of the primary keys is used
_BALANCE_OF_ACCOUNT = (col(Balance.project_id) == LedgerAccount.project_id) & (
    col(Balance.account_id) == LedgerAccount.id
)
_ENTRY_OF_ACCOUNT = (col(Entry.project_id) == LedgerAccount.project_id) & (
    col(Entry.account_id) == LedgerAccount.id
)
_TRANSFER_OF_ENTRY = (col(Transfer.project_id) == Entry.project_id) & (col(Transfer.id) == Entry.transfer_id)


@dataclass(frozen=True, slots=True)
class Movement:
    """One entry with its transfer, as a statement shows it. Amounts in fen."""

    account: AccountKey
    sequence: int
    amount_fen: int
    balance_after_fen: int
    transfer: Transfer


@dataclass(frozen=True, slots=True)
class MovedByKind:
    """What moved on an account, in fen, and the last entry of it; 0 when nothing moved."""

    fen: Mapping[TransferKind, int]
    last_sequence: int


class LedgerRepository(Repository):
    """The ledger of one project."""

    async def post(self, transfer: Transfer, lines: Sequence[Line]) -> None:
        """Write a transfer with one entry for each line, and update the balances. `lines` passed `rules.check`."""
        # before the entries: the lock gives each entry the next sequence of its account without a gap
        balances = await self._locked({line.account for line in lines})
        await self.add(transfer)
        entries = []
        for number, line in enumerate(lines, start=1):
            balance = balances[line.account]
            balance.amount_fen += line.amount_fen
            balance.sequence += 1
            entries.append(
                Entry(
                    project_id=self._project_id,
                    transfer_id=transfer.id,
                    line=number,
                    account_id=balance.account_id,
                    amount_fen=line.amount_fen,
                    sequence=balance.sequence,
                    balance_after_fen=balance.amount_fen,
                )
            )
        await self.add_all(entries)

    async def _locked(self, keys: Collection[AccountKey]) -> dict[AccountKey, Balance]:
        """The balances of those accounts, locked until the end of the transaction; missing accounts are created."""
        found = await self._lock(keys)
        missing = [key for key in keys if key not in found]
        if missing:
            await self._make(missing)
            found = await self._lock(keys)
        return found

    async def _lock(self, keys: Collection[AccountKey]) -> dict[AccountKey, Balance]:
        # locked in the order of the accounts' ids, so two transfers on the same accounts cannot deadlock
        statement = (
            select(LedgerAccount, Balance)
            .join(Balance, _BALANCE_OF_ACCOUNT)
            .where(_named(keys))
            .order_by(col(LedgerAccount.id))
            .with_for_update(of=Balance)
            # the lock may have waited for another transfer, and the session may hold the balance from before it
            .execution_options(populate_existing=True)
        )
        rows = await self._session.execute(self._narrow(statement, LedgerAccount, Balance))
        return {_key(account): balance for account, balance in rows}

    async def _make(self, keys: Collection[AccountKey]) -> None:
        """Insert accounts with a balance of zero. Of two concurrent inserts the first wins; the second waits and does nothing."""
        made = await self._session.execute(
            insert(LedgerAccount)
            .values(
                [
                    {
                        "project_id": self._project_id,
                        "id": self._work.new_id(),
                        "kind": key.kind,
                        "owner": key.owner,
                        "funding": key.funding,
                    }
                    # sorted, as unique keys lock too: two inserts of the same accounts cannot deadlock
                    for key in sorted(keys)
                ]
            )
            .on_conflict_do_nothing()
            .returning(col(LedgerAccount.id), col(LedgerAccount.kind))
        )
        rows = [
            {
                "project_id": self._project_id,
                "account_id": account_id,
                "amount_fen": 0,
                "sequence": 0,
                "floor_fen": 0 if AccountKind(kind) in NEVER_NEGATIVE else None,
            }
            for account_id, kind in made
        ]
        if rows:
            await self._session.execute(insert(Balance).values(rows))

    async def lines_of(self, subject: UUID, step: Step) -> tuple[Transfer | None, list[Line]]:
        """The transfer of an order's step and its lines; (None, []) when it was not posted."""
        transfer = await self._one(
            self._scoped(Transfer).where(Transfer.subject == subject, Transfer.step == step)
        )
        if transfer is None:
            return None, []
        statement = (
            select(LedgerAccount, Entry)
            .join(Entry, _ENTRY_OF_ACCOUNT)
            .where(Entry.transfer_id == transfer.id)
            .order_by(col(Entry.line))
        )
        rows = await self._session.execute(self._narrow(statement, LedgerAccount, Entry))
        return transfer, [Line(_key(account), entry.amount_fen) for account, entry in rows]

    async def movements(
        self,
        keys: Collection[AccountKey],
        *,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[Movement]:
        """The entries of those accounts from `since` to before `until`, oldest first."""
        if not keys:
            return []
        statement = (
            select(LedgerAccount, Entry, Transfer)
            .join(Entry, _ENTRY_OF_ACCOUNT)
            .join(Transfer, _TRANSFER_OF_ENTRY)
            .where(_named(keys))
            # ids are UUIDv7: movements of the same instant keep the order in which they were posted
            .order_by(col(Transfer.at), col(Transfer.id), col(Entry.line))
        )
        if since is not None:
            statement = statement.where(col(Transfer.at) >= since)
        if until is not None:
            statement = statement.where(col(Transfer.at) < until)
        rows = await self._session.execute(self._narrow(statement, LedgerAccount, Entry, Transfer))
        return [
            Movement(_key(account), entry.sequence, entry.amount_fen, entry.balance_after_fen, transfer)
            for account, entry, transfer in rows
        ]

    async def moved_fen(
        self, keys: Collection[AccountKey], kinds: Collection[TransferKind], *, since: datetime | None = None
    ) -> int:
        """Sum in fen of those accounts' entries in transfers of those kinds."""
        if not keys:
            return 0
        statement = (
            select(func.coalesce(func.sum(Entry.amount_fen), 0))
            .join(LedgerAccount, _ENTRY_OF_ACCOUNT)
            .join(Transfer, _TRANSFER_OF_ENTRY)
            .where(_named(keys), col(Transfer.kind).in_(kinds))
        )
        if since is not None:
            statement = statement.where(col(Transfer.at) >= since)
        found = await self._session.execute(self._narrow(statement, Entry, LedgerAccount, Transfer))
        return int(found.scalar_one())

    async def moved_by_kind(self, key: AccountKey, after_sequence: int) -> MovedByKind:
        """Sums in fen of an account's entries behind a sequence, by kind of transfer."""
        statement = (
            select(Transfer.kind, func.sum(Entry.amount_fen), func.max(Entry.sequence))
            .join(Entry, _TRANSFER_OF_ENTRY)
            .join(LedgerAccount, _ENTRY_OF_ACCOUNT)
            .where(_named([key]), col(Entry.sequence) > after_sequence)
            .group_by(col(Transfer.kind))
        )
        rows = list(await self._session.execute(self._narrow(statement, Transfer, Entry, LedgerAccount)))
        return MovedByKind(
            {TransferKind(kind): int(amount_fen) for kind, amount_fen, _ in rows},
            max((int(last) for _, _, last in rows), default=0),
        )

    async def of_kind(self, kind: AccountKind) -> dict[AccountKey, int]:
        """The kept balance of each account of a kind."""
        statement = (
            select(LedgerAccount, Balance.amount_fen)
            .join(Balance, _BALANCE_OF_ACCOUNT)
            .where(LedgerAccount.kind == kind)
        )
        rows = await self._session.execute(self._narrow(statement, LedgerAccount, Balance))
        return {_key(account): amount_fen for account, amount_fen in rows}

    async def balances_fen(self, keys: Collection[AccountKey]) -> dict[AccountKey, int]:
        """The kept balance of each of those accounts that exists."""
        if not keys:
            return {}
        statement = (
            select(LedgerAccount, Balance.amount_fen).join(Balance, _BALANCE_OF_ACCOUNT).where(_named(keys))
        )
        rows = await self._session.execute(self._narrow(statement, LedgerAccount, Balance))
        return {_key(account): amount_fen for account, amount_fen in rows}

    async def locked_balances_fen(self, keys: Collection[AccountKey]) -> dict[AccountKey, int]:
        """The kept balance of each of those accounts, as `locked_balance_fen`, locked in one order."""
        return {key: balance.amount_fen for key, balance in (await self._locked(keys)).items()}

    async def locked_balance_fen(self, key: AccountKey) -> int:
        """The kept balance of an account, locked until the end of the transaction; the account is made when new."""
        return (await self.locked_balances_fen([key]))[key]

    async def balance_fen(self, kind: AccountKind, owner: str, funding: Funding = Funding.PAID) -> int:
        """The kept balance of an account; 0 when nothing was ever posted."""
        key = AccountKey(kind, owner, funding)
        return (await self.balances_fen([key])).get(key, 0)

    async def folded_fen(self) -> Mapping[AccountKey, int]:
        """Sum of entries of every account, for a check against `kept_fen`."""
        statement = (
            select(LedgerAccount, func.sum(Entry.amount_fen))
            .join(Entry, _ENTRY_OF_ACCOUNT)
            .group_by(col(LedgerAccount.project_id), col(LedgerAccount.id))
        )
        rows = await self._session.execute(self._narrow(statement, LedgerAccount, Entry))
        return {_key(account): int(total) for account, total in rows}

    async def kept_fen(self) -> Mapping[AccountKey, int]:
        """Kept balance of every account that has an entry, for a check against `folded_fen`."""
        statement = (
            select(LedgerAccount, Balance.amount_fen)
            .join(Balance, _BALANCE_OF_ACCOUNT)
            .where(col(Balance.sequence) > 0)
        )
        rows = await self._session.execute(self._narrow(statement, LedgerAccount, Balance))
        return {_key(account): amount for account, amount in rows}


def _named(keys: Collection[AccountKey]) -> ColumnElement[bool]:
    triple = tuple_(col(LedgerAccount.kind), col(LedgerAccount.owner), col(LedgerAccount.funding))
    return triple.in_([(key.kind, key.owner, key.funding) for key in keys])


def _key(account: LedgerAccount) -> AccountKey:
    return AccountKey(AccountKind(account.kind), account.owner, Funding(account.funding))
