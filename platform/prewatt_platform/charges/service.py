"""Charges fees to accounts: amounts by row, or shares of a total. Each request is one transfer under one document."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from prewatt_platform.accounts.errors import AmountRefused, NotOpened, TermRefused
from prewatt_platform.accounts.models import AccountState
from prewatt_platform.accounts.posting import currency_of, owed
from prewatt_platform.accounts.repository import AccountRepository, OrderRepository
from prewatt_platform.accounts.rules import AMOUNT_MAX_FEN, yuan
from prewatt_platform.charges import rules
from prewatt_platform.charges.errors import ChargesNotReversible, NoEnergyAt, UnknownDocument, WeightRefused
from prewatt_platform.charges.models import Basis, Charge, ChargeBatch, ChargeKind, ChargeReversal
from prewatt_platform.charges.repository import ChargeRepository
from prewatt_platform.control.idempotency import once_row
from prewatt_platform.control.reason import given_reason
from prewatt_platform.control.rows import MeterTwice, RowRefusal, RowsRefused
from prewatt_platform.kernel import audit
from prewatt_platform.kernel.errors import PlatformError
from prewatt_platform.kernel.tenancy import Work
from prewatt_platform.ledger.models import Step, TransferKind
from prewatt_platform.ledger.repository import LedgerRepository
from prewatt_platform.ledger.rules import AccountKey, AccountKind, Line, shares
from prewatt_platform.ledger.service import Ledger
from prewatt_platform.metering.models import Meter, Point
from prewatt_platform.metering.repository import MeterRepository
from prewatt_platform.metering.service import MeteringService
from prewatt_platform.projects.repository import ProjectRepository

ROWS_MAX: Final = 250
LABEL_LENGTH_MAX: Final = 60
TOTAL_MAX_FEN: Final = 10**12
WEIGHT_MAX: Final = 10**9


@dataclass(frozen=True, slots=True)
class ChargeRow:
    """One meter, whose account is charged: an amount, or a weight in 0.01."""

    meter_number: str
    amount_fen: int | None = None
    weight: int | None = None


@dataclass(frozen=True, slots=True)
class ShareTerms:
    """A total to be shared. The period is that of `Basis.USE`."""

    total_fen: int
    basis: Basis
    period_from: datetime | None = None
    period_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class ChargeTerms:
    """What all rows of a request have in common; `share` None: property fees of the rows' amounts."""

    label: str
    reason: str
    share: ShareTerms | None = None

    @property
    def kind(self) -> ChargeKind:
        """Kind of the fee."""
        return ChargeKind.PROPERTY if self.share is None else ChargeKind.SHARE


@dataclass(frozen=True, slots=True)
class PlannedCharge:
    """What a row is charged. `amount_fen` may be 0 for a share."""

    row: int
    meter: Meter
    point: Point
    account_id: UUID
    weight: int | None
    amount_fen: int


@dataclass(frozen=True, slots=True)
class OwedCharge:
    """A charge of an account, and how much of it is settled."""

    charge: Charge
    batch: ChargeBatch
    settled_fen: int


class ChargeService:
    """Charged fees of one project, inside one unit of work."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._charges = ChargeRepository(work)

    async def charge(
        self, key: UUID, operation: str, terms: ChargeTerms, rows: Sequence[ChargeRow]
    ) -> tuple[ChargeBatch, Sequence[Charge], bool]:
        """Charge the accounts of all rows, or none; (batch, charges, replayed).

        Raises `RowsRefused`, `TermRefused`, `ReasonMissing`, `IdempotencyMismatch`.
        """

        async def make() -> UUID:
            return await self._post(terms, await self.plan(terms, rows))

        batch_id, replayed = await once_row(self._work, operation, key, _content(terms, rows), make)
        batch = await self._charges.batch(batch_id)
        assert batch is not None, "a key's batch exists: batches are never deleted"
        return batch, await self._charges.of_batch(batch_id), replayed

    async def plan(self, terms: ChargeTerms, rows: Sequence[ChargeRow]) -> list[PlannedCharge]:
        """What each row would be charged; writes nothing. Raises as `charge`."""
        _check_terms(terms, rows)
        found, refusals = await self._accounts(terms, rows)
        if not refusals and terms.share is not None and terms.share.basis == Basis.USE:
            found, refusals = await self._with_use(terms.share, found)
        if refusals:
            raise RowsRefused(refusals)
        if terms.share is None:
            return found
        weights = [each.weight or 0 for each in found]
        if not any(weights):
            raise TermRefused("rows", "have no weight above 0")
        amounts = shares(terms.share.total_fen, weights)
        return [replace(each, amount_fen=amount_fen) for each, amount_fen in zip(found, amounts, strict=True)]

    async def reverse(self, key: UUID, document: str, reason: str) -> tuple[ChargeBatch, bool]:
        """Undo all fees of a document, once, while none of its accounts has paid them; (batch, replayed).

        Raises `UnknownDocument`, `ChargesNotReversible`, `ReasonMissing`, `IdempotencyMismatch`.
        """

        async def make() -> UUID:
            given = given_reason(reason)
            batch = await self._charges.by_document(document)
            if batch is None:
                raise UnknownDocument(document)
            by_account = _by_account(await self._charges.of_batch(batch.id))
            # locked before anything is looked at: of two reversals, and of a sale that settles the fees, one is first
            balances = await LedgerRepository(self._work).locked_balances_fen(
                [owed(account_id) for account_id in by_account]
            )
            if await self._charges.reversal(batch.id) is not None:
                raise ChargesNotReversible(document, "they are reversed already")
            await self._check_unpaid(document, by_account, balances)
            await self._post_reversal(batch, given)
            return batch.id

        content = {"document": document, "reason": reason}
        batch_id, replayed = await once_row(self._work, "chargeReverse", key, content, make)
        batch = await self._charges.batch(batch_id)
        assert batch is not None, "a key's batch exists: batches are never deleted"
        return batch, replayed

    async def _check_unpaid(
        self, document: str, by_account: Mapping[UUID, int], balances: Mapping[AccountKey, int]
    ) -> None:
        orders = OrderRepository(self._work)
        for account_id, amount_fen in by_account.items():
            left_fen = -balances[owed(account_id)] - await orders.owed_under_way(account_id)
            if left_fen < amount_fen:
                raise ChargesNotReversible(
                    document, f"an account owes {yuan(max(0, left_fen))} only, of {yuan(amount_fen)} charged"
                )

    async def _post_reversal(self, batch: ChargeBatch, reason: str) -> None:
        posted, lines = await LedgerRepository(self._work).lines_of(batch.id, Step.POST)
        assert posted is not None, "a batch and its transfer are written together"
        await self._charges.add(
            ChargeReversal(
                project_id=self._work.project_id,
                batch_id=batch.id,
                reason=reason,
                operator_name=self._work.scope.actor.name,
                created_at=self._work.clock.now(),
            )
        )
        await Ledger(self._work, await currency_of(self._work)).post(
            TransferKind.REVERSAL,
            Step.POST,
            # a subject of its own: the batch's is that of the transfer that charged it
            self._work.new_id(),
            [Line(line.account, -line.amount_fen) for line in lines],
            document=batch.document,
            reason=reason,
            reverses=posted.id,
        )
        audit.record(
            self._work,
            "fees reversed",
            f"document {batch.document}",
            total_fen=batch.total_fen,
            reason=reason,
        )

    async def owed(self, account_id: UUID) -> tuple[int, list[OwedCharge]]:
        """What an account owes in fen, and its charges, oldest first; the oldest are settled first."""
        rows = await self._charges.of_account(account_id)
        key = owed(account_id)
        owed_fen = -(await LedgerRepository(self._work).balances_fen([key])).get(key, 0)
        amounts = [charge.amount_fen for charge, _ in rows]
        parts = rules.settled(amounts, sum(amounts) - owed_fen)
        return owed_fen, [
            OwedCharge(charge, batch, part) for (charge, batch), part in zip(rows, parts, strict=True)
        ]

    async def _accounts(
        self, terms: ChargeTerms, rows: Sequence[ChargeRow]
    ) -> tuple[list[PlannedCharge], list[RowRefusal]]:
        """The rows with their accounts, and those that are refused."""
        found, refusals, seen = [], [], set[str]()
        for number, row in enumerate(rows):
            try:
                if row.meter_number in seen:
                    raise MeterTwice(row.meter_number)
                seen.add(row.meter_number)
                found.append(await self._row(terms, number, row))
            except PlatformError as wrong:
                refusals.append(RowRefusal(number, type(wrong).__name__, str(wrong)))
        return found, refusals

    async def _row(self, terms: ChargeTerms, number: int, row: ChargeRow) -> PlannedCharge:
        weight, amount_fen = None, 0
        if terms.share is None:
            amount_fen = row.amount_fen or 0
            if not 0 < amount_fen <= AMOUNT_MAX_FEN:
                raise AmountRefused(amount_fen, 1, AMOUNT_MAX_FEN)
        elif terms.share.basis == Basis.AREA:
            weight = row.weight
            if weight is None or not 0 <= weight <= WEIGHT_MAX:
                raise WeightRefused(weight, WEIGHT_MAX)
        else:
            weight = 1
        meter = await MeteringService(self._work).meter(row.meter_number)
        point = await MeterRepository(self._work).point(meter.point_id)
        held = (await AccountRepository(self._work).of_points([point.id])).get(point.id)
        if held is None or held.account.state != AccountState.OPEN:
            raise NotOpened(meter)
        return PlannedCharge(number, meter, point, held.account.id, weight, amount_fen)

    async def _with_use(
        self, terms: ShareTerms, rows: Sequence[PlannedCharge]
    ) -> tuple[list[PlannedCharge], list[RowRefusal]]:
        """The rows with the energy of the period as their weights, and those without it."""
        assert terms.period_from is not None, "checked with the terms"
        assert terms.period_to is not None, "checked with the terms"
        meter_ids = [each.meter.id for each in rows]
        before = await self._charges.energy_at(meter_ids, terms.period_from)
        after = await self._charges.energy_at(meter_ids, terms.period_to)
        found, refusals = [], []
        for each in rows:
            start, end = before.get(each.meter.id), after.get(each.meter.id)
            if start is None or end is None or end < start:
                wrong = NoEnergyAt(each.meter, terms.period_from)
                refusals.append(RowRefusal(each.row, type(wrong).__name__, str(wrong)))
            else:
                found.append(replace(each, weight=end - start))
        return found, refusals

    async def _post(self, terms: ChargeTerms, planned: Sequence[PlannedCharge]) -> UUID:
        # the project's row is the lock of the documents' numbers
        project = await ProjectRepository(self._work).by_id(self._work.project_id, for_update=True)
        assert project is not None
        number = await self._charges.next_number()
        charged = [each for each in planned if each.amount_fen]
        share = terms.share
        batch = ChargeBatch(
            project_id=self._work.project_id,
            id=self._work.new_id(),
            number=number,
            document=f"{project.code}F{number:06d}",
            kind=terms.kind,
            label=terms.label.strip(),
            basis=None if share is None else share.basis,
            period_from=None if share is None else share.period_from,
            period_to=None if share is None else share.period_to,
            total_fen=sum(each.amount_fen for each in charged),
            reason=given_reason(terms.reason),
            operator_name=self._work.scope.actor.name,
            created_at=self._work.clock.now(),
        )
        await self._charges.add(batch)
        await self._charges.add_all(
            [
                Charge(
                    project_id=self._work.project_id,
                    batch_id=batch.id,
                    row_number=each.row,
                    account_id=each.account_id,
                    point_id=each.point.id,
                    place=each.point.place,
                    weight=each.weight,
                    amount_fen=each.amount_fen,
                )
                for each in charged
            ]
        )
        await self._post_transfer(batch, charged)
        audit.record(
            self._work,
            "fees charged",
            f"document {batch.document}",
            kind=batch.kind,
            label=batch.label,
            total_fen=batch.total_fen,
            rows=len(charged),
            reason=batch.reason,
        )
        return batch.id

    async def _post_transfer(self, batch: ChargeBatch, charged: Sequence[PlannedCharge]) -> None:
        # one transfer for all: its accounts are locked in one order, so it waits for no sale in a circle
        lines = [
            Line(owed(account_id), -amount_fen) for account_id, amount_fen in _by_account(charged).items()
        ]
        lines.append(Line(AccountKey(AccountKind.FEES, batch.kind.lower()), batch.total_fen))
        await Ledger(self._work, await currency_of(self._work)).post(
            TransferKind.SERVICE_FEE,
            Step.POST,
            batch.id,
            lines,
            document=batch.document,
            reason=f"{batch.label}: {batch.reason}",
        )


def _by_account(charged: Iterable[PlannedCharge | Charge]) -> dict[UUID, int]:
    """Sum in fen of each account's charges."""
    found: dict[UUID, int] = defaultdict(int)
    for each in charged:
        found[each.account_id] += each.amount_fen
    return dict(found)


def _check_terms(terms: ChargeTerms, rows: Sequence[ChargeRow]) -> None:
    given_reason(terms.reason)
    if not 1 <= len(terms.label.strip()) <= LABEL_LENGTH_MAX:
        raise TermRefused("label", f"has 1 to {LABEL_LENGTH_MAX} characters")
    if not 1 <= len(rows) <= ROWS_MAX:
        raise TermRefused("rows", f"are 1 to {ROWS_MAX}, not {len(rows)}")
    share = terms.share
    if share is None:
        return
    if not 0 < share.total_fen <= TOTAL_MAX_FEN:
        raise TermRefused("total", "is above 0 and at most 10000000000.00")
    if share.basis == Basis.USE and (
        share.period_from is None or share.period_to is None or share.period_from >= share.period_to
    ):
        raise TermRefused("to", "is after from; a share by use needs both")


def _content(terms: ChargeTerms, rows: Sequence[ChargeRow]) -> dict[str, Any]:
    share = terms.share
    return {
        "label": terms.label,
        "reason": terms.reason,
        "share": None
        if share is None
        else [
            share.total_fen,
            share.basis,
            None if share.period_from is None else share.period_from.isoformat(),
            None if share.period_to is None else share.period_to.isoformat(),
        ],
        "rows": [[row.meter_number, row.amount_fen, row.weight] for row in rows],
    }
