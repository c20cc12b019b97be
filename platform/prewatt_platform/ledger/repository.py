"""Queries on the ledger."""

from collections.abc import Mapping

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from prewatt_platform.kernel.tenancy import Repository
from prewatt_platform.ledger.models import AccountKind, Balance, Entry, LedgerAccount, Transfer


class LedgerRepository(Repository):
    """Accounts, transfers, entries and balances of one project."""

    async def account(self, kind: AccountKind, owner: str) -> LedgerAccount:
        """The account of that kind and owner; made when it is new."""
        wanted = self._scoped(LedgerAccount).where(LedgerAccount.kind == kind, LedgerAccount.owner == owner)
        found = await self._one(wanted)
        if found is None:
            await self._session.execute(
                insert(LedgerAccount)
                .values(project_id=self._project_id, id=self._work.new_id(), kind=kind, owner=owner)
                .on_conflict_do_nothing()
            )
            found = await self._one(wanted)
        assert found is not None
        return found

    async def post(self, transfer: Transfer, entries: list[Entry]) -> None:
        """Write a transfer with its entries and carry the balances along, in the order of the accounts' ids."""
        await self.add(transfer)
        await self.add_all(entries)
        for entry in sorted(entries, key=lambda line: line.account_id):
            carried = insert(Balance).values(
                project_id=self._project_id, account_id=entry.account_id, amount_fen=entry.amount_fen
            )
            await self._session.execute(
                carried.on_conflict_do_update(
                    index_elements=["project_id", "account_id"],
                    set_={"amount_fen": Balance.amount_fen + carried.excluded.amount_fen},
                )
            )

    async def balance_fen(self, kind: AccountKind, owner: str) -> int:
        """The kept balance of an account; 0 when nothing was ever posted."""
        statement = (
            select(Balance.amount_fen)
            .join(
                LedgerAccount,
                (col(LedgerAccount.project_id) == Balance.project_id)
                & (col(LedgerAccount.id) == Balance.account_id),
            )
            .where(LedgerAccount.kind == kind, LedgerAccount.owner == owner)
        )
        found = await self._session.execute(self._narrow(statement, Balance, LedgerAccount))
        return found.scalar_one_or_none() or 0

    async def folded_fen(self) -> Mapping[tuple[str, str], int]:
        """Every account's sum of entries, by (kind, owner): what the kept balances must equal."""
        statement = (
            select(LedgerAccount.kind, LedgerAccount.owner, func.sum(Entry.amount_fen))
            .join(
                Entry,
                (col(Entry.project_id) == LedgerAccount.project_id)
                & (col(Entry.account_id) == LedgerAccount.id),
            )
            .group_by(col(LedgerAccount.kind), col(LedgerAccount.owner))
        )
        rows = await self._session.execute(self._narrow(statement, LedgerAccount, Entry))
        return {(kind, owner): int(total) for kind, owner, total in rows}

    async def kept_fen(self) -> Mapping[tuple[str, str], int]:
        """Every account's kept balance, by (kind, owner)."""
        statement = select(LedgerAccount.kind, LedgerAccount.owner, Balance.amount_fen).join(
            Balance,
            (col(Balance.project_id) == LedgerAccount.project_id)
            & (col(Balance.account_id) == LedgerAccount.id),
        )
        rows = await self._session.execute(self._narrow(statement, LedgerAccount, Balance))
        return {(kind, owner): amount for kind, owner, amount in rows}
