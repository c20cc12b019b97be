"""Two layers isolate projects, and each isolates alone.

Every public method of every repository is called in one project with arguments of the other project. The answer with
both layers must be the answer with either layer alone; with both off it must differ, otherwise the probe proves nothing.
A method without a probe fails the test.
"""

import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, MultipleResultsFound
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, select

from prewatt_platform import app  # noqa: F401 - brings every repository's module in
from prewatt_platform.accounts.account_list import AccountFilter, AccountListRepository
from prewatt_platform.accounts.meter_list import MeterListFilter, MeterListOrder, MeterListRepository
from prewatt_platform.accounts.models import Account, AccountPoint, Order
from prewatt_platform.accounts.repository import AccountRepository, OrderRepository, PolicyRepository
from prewatt_platform.accounts.sales_list import SalesFilter, SalesListRepository
from prewatt_platform.charges.models import Charge, ChargeBatch, ChargeReversal
from prewatt_platform.charges.repository import ChargeRepository
from prewatt_platform.control.models import Command, CommandKind, CommandState, IdempotencyKey, Proposal
from prewatt_platform.control.repository import CommandRepository, IdempotencyRepository, ProposalRepository
from prewatt_platform.field.messages import MeterReading
from prewatt_platform.grants.models import Allowance, Grant, GrantBatch
from prewatt_platform.grants.repository import GrantRepository
from prewatt_platform.kernel.audit import AuditRepository
from prewatt_platform.kernel.errors import PlatformError
from prewatt_platform.kernel.tenancy import Repository, Work
from prewatt_platform.ledger.models import LedgerAccount, Step, Transfer, TransferKind
from prewatt_platform.ledger.repository import LedgerRepository
from prewatt_platform.ledger.rules import AccountKey, AccountKind, Funding, moved
from prewatt_platform.metering.models import Meter, MeterEpoch, Point, Port, Reading
from prewatt_platform.metering.readings import Failure, ReadingRepository
from prewatt_platform.metering.repository import GatewayRepository, MeterRepository
from prewatt_platform.receipts.models import ReceiptPrint
from prewatt_platform.receipts.repository import ReceiptRepository
from prewatt_platform.reconciliation.models import Verification
from prewatt_platform.reconciliation.repository import (
    OpenedMeter,
    ReconciliationRepository,
    VerificationRepository,
)
from prewatt_platform.tariffs.models import PricePlan, Target
from prewatt_platform.tariffs.repository import TariffRepository
from prewatt_platform.tariffs.terms import DayType, Medium
from prewatt_platform.tills.models import DayClosing, TillClosing
from prewatt_platform.tills.repository import TillRepository

pytestmark = pytest.mark.anyio

EVER = datetime(2100, 1, 1, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclasses.dataclass
class Foreign:
    """Rows of the other project, to ask for."""

    meter: Meter
    point: Point
    port: Port
    epoch: MeterEpoch
    reading: Reading
    account: Account
    owned: AccountPoint
    sale: Order
    reversed_sale: Order
    open_order: Command
    key: IdempotencyKey
    proposal: Proposal
    closing: TillClosing
    day: DayClosing
    verification: Verification
    plan: PricePlan
    receipt_print: ReceiptPrint
    charge: Charge
    charge_batch: ChargeBatch
    charge_reversal: ChargeReversal
    batch: GrantBatch
    grant: Grant
    allowance: Allowance
    till: LedgerAccount
    meter_reading: MeterReading


def columns(row: SQLModel) -> dict[str, Any]:
    return {name: getattr(row, name) for name in type(row).model_fields}


Probe = Callable[[Any, Foreign], Awaitable[Any]]


def _key(foreign: Foreign) -> AccountKey:
    return AccountKey(AccountKind(foreign.till.kind), foreign.till.owner, Funding(foreign.till.funding))


async def _post(repository: LedgerRepository, foreign: Foreign) -> None:
    transfer = Transfer(
        project_id=foreign.till.project_id,
        id=foreign.meter.id,
        kind=TransferKind.SALE,
        step=Step.RESERVE,
        subject=foreign.meter.id,
        currency="CNY",
        at=EVER,
        actor_name="anna",
    )
    other = AccountKey(AccountKind.PENDING, str(foreign.meter.id))
    await repository.post(transfer, moved(_key(foreign), other, 1))


async def _add_command(repository: CommandRepository, foreign: Foreign) -> Command:
    return await repository.add_command(
        Command(**{**columns(foreign.open_order), "id": foreign.meter.id, "kind": CommandKind.REFRESH})
    )


def _opened(foreign: Foreign) -> OpenedMeter:
    return OpenedMeter(foreign.meter, foreign.epoch, foreign.point.place)


def _later(foreign: Foreign) -> Reading:
    return Reading(**columns(foreign.reading) | {"at": foreign.reading.at + timedelta(days=1)})


def _page(repository: MeterListRepository, _: Foreign) -> Awaitable[Any]:
    return repository.page(MeterListFilter(), MeterListOrder(), 1000, None)


PROBES: dict[tuple[type[Repository], str], Probe] = {
    (GatewayRepository, "all"): lambda r, _: r.all(),
    (GatewayRepository, "by_numbers"): lambda r, f: r.by_numbers([f.meter.gateway_number]),
    (GatewayRepository, "ports"): lambda r, _: r.ports(),
    (GatewayRepository, "port"): lambda r, f: r.port(f.port.gateway_number, f.port.port),
    (MeterRepository, "by_number"): lambda r, f: r.by_number(f.meter.number),
    (MeterRepository, "by_id"): lambda r, f: r.by_id(f.meter.id, for_update=True),
    (MeterRepository, "hold"): lambda r, f: r.hold(f.meter.id, "foreign"),
    (MeterRepository, "by_numbers"): lambda r, f: r.by_numbers([f.meter.number]),
    (MeterRepository, "all"): lambda r, _: r.all(),
    (MeterRepository, "count"): lambda r, _: r.count(),
    (MeterRepository, "point"): lambda r, f: r.point(f.point.id),
    (MeterRepository, "points"): lambda r, f: r.points([f.point.id]),
    (MeterRepository, "epoch"): lambda r, f: r.epoch(f.meter),
    (MeterRepository, "state"): lambda r, f: r.state(f.meter.id),
    (MeterRepository, "schedule"): lambda r, _: r.schedule(),
    (ReadingRepository, "store"): lambda r, f: r.store({f.meter.id: f.meter_reading}),
    (ReadingRepository, "seen"): lambda r, f: r.seen(f.meter.id),
    (ReadingRepository, "note_failures"): lambda r, f: r.note_failures({f.meter.id: Failure(EVER, "silent")}),
    (ReadingRepository, "latest"): lambda r, f: r.latest([f.meter.id]),
    (ReadingRepository, "at"): lambda r, f: r.at([(f.meter.id, f.reading.at)]),
    (ReadingRepository, "in_period"): lambda r, f: r.in_period(
        f.meter.id, f.reading.at, f.reading.at + timedelta(days=1), 10
    ),
    (ReadingRepository, "count"): lambda r, f: r.count(f.meter.id),
    (CommandRepository, "add_command"): _add_command,
    (CommandRepository, "by_id"): lambda r, f: r.by_id(f.open_order.id),
    (CommandRepository, "by_ids"): lambda r, f: r.by_ids([f.open_order.id]),
    (CommandRepository, "due"): lambda r, _: r.due(EVER, 1000, without=[]),
    (CommandRepository, "open_money_orders"): lambda r, f: r.open_money_orders([f.meter.id]),
    (CommandRepository, "open_of_kind"): lambda r, f: r.open_of_kind(f.meter.id, CommandKind.SALE),
    (CommandRepository, "open_on"): lambda r, f: r.open_on([f.meter.id]),
    (CommandRepository, "in_state"): lambda r, f: r.in_state(f.meter.id, CommandState(f.open_order.state)),
    (CommandRepository, "make_due"): lambda r, f: r.make_due([f.open_order.id]),
    (CommandRepository, "move"): lambda r, f: r.move(f.open_order, CommandState.VOIDED, due_at=None),
    (IdempotencyRepository, "find"): lambda r, f: r.find(f.key.actor_id, f.key.operation, f.key.key),
    (AccountRepository, "by_id"): lambda r, f: r.by_id(f.account.id),
    (AccountRepository, "of_points"): lambda r, f: r.of_points([f.owned.point_id]),
    (AccountRepository, "ownership"): lambda r, f: r.ownership(f.account.id),
    (AccountRepository, "points_ever"): lambda r, f: r.points_ever(f.account.id),
    (AccountRepository, "count"): lambda r, _: r.count(),
    (OrderRepository, "by_command"): lambda r, f: r.by_command(f.sale.command_id),
    (OrderRepository, "by_commands"): lambda r, f: r.by_commands([f.sale.command_id]),
    (OrderRepository, "by_receipt"): lambda r, f: r.by_receipt(f.sale.receipt_number),
    (OrderRepository, "changed_since"): lambda r, f: r.changed_since(f.epoch, EPOCH),
    (OrderRepository, "reversal_of"): lambda r, f: r.reversal_of(f.reversed_sale),
    (OrderRepository, "newest_applied"): lambda r, f: r.newest_applied(f.epoch),
    (SalesListRepository, "page"): lambda r, _: r.page(SalesFilter(), 1000, None, descending=True),
    (SalesListRepository, "count"): lambda r, _: r.count(SalesFilter()),
    (SalesListRepository, "totals"): lambda r, _: r.totals(SalesFilter()),
    (SalesListRepository, "by_operator"): lambda r, _: r.by_operator(SalesFilter()),
    (PolicyRepository, "policy"): lambda r, _: r.policy(),
    (ProposalRepository, "of_subject"): lambda r, f: r.of_subject(f.proposal.operation, f.proposal.subject),
    (ProposalRepository, "since"): lambda r, _: r.since(EPOCH, 100),
    (OrderRepository, "applied"): lambda r, f: r.applied(f.epoch),
    (OrderRepository, "next_receipt"): lambda r, _: r.next_receipt(),
    (MeterListRepository, "page"): _page,
    (MeterListRepository, "count"): lambda r, _: r.count(MeterListFilter()),
    (MeterListRepository, "by_number"): lambda r, f: r.by_number(f.meter.number),
    (MeterListRepository, "by_id"): lambda r, f: r.by_id(f.meter.id),
    (MeterListRepository, "by_ids"): lambda r, f: r.by_ids([f.meter.id]),
    (AuditRepository, "append"): lambda r, _: r.append([("looked", "meter", {})]),
    (AuditRepository, "head"): lambda r, _: r.head(),
    (AuditRepository, "verify"): lambda r, _: r.verify(),
    (LedgerRepository, "post"): _post,
    (LedgerRepository, "lines_of"): lambda r, f: r.lines_of(f.sale.command_id, Step.RESERVE),
    (LedgerRepository, "movements"): lambda r, f: r.movements([_key(f)]),
    (LedgerRepository, "moved_fen"): lambda r, f: r.moved_fen([_key(f)], [TransferKind.SALE]),
    (LedgerRepository, "moved_by_kind"): lambda r, f: r.moved_by_kind(_key(f), 0),
    (LedgerRepository, "of_kind"): lambda r, _: r.of_kind(AccountKind.TILL),
    (AccountListRepository, "page"): lambda r, _: r.page(AccountFilter(), 1000, None),
    (AccountListRepository, "count"): lambda r, _: r.count(AccountFilter()),
    (AccountListRepository, "points"): lambda r, f: r.points([f.account.id]),
    (TariffRepository, "plans"): lambda r, _: r.plans(),
    (TariffRepository, "plan"): lambda r, f: r.plan(f.plan.id, for_update=True),
    (TariffRepository, "plan_named"): lambda r, f: r.plan_named(f.plan.name),
    (TariffRepository, "versions"): lambda r, f: r.versions([f.plan.id]),
    (TariffRepository, "valid"): lambda r, f: r.valid([f.plan.id], EVER),
    (TariffRepository, "assignments"): lambda r, f: r.assignments(Medium.ELECTRICITY, [f.point.id], EVER),
    (TariffRepository, "newest_assignment"): lambda r, _: r.newest_assignment(
        Medium.ELECTRICITY, Target.PROJECT, [], None
    ),
    (TariffRepository, "of_plans"): lambda r, f: r.of_plans([f.plan.id]),
    (TariffRepository, "calendar"): lambda r, _: r.calendar(date(2000, 1, 1), date(2100, 1, 1)),
    (TariffRepository, "keep_day"): lambda r, _: r.keep_day(date(2026, 5, 1), DayType.WORKDAY, "ours"),
    (VerificationRepository, "of_day"): lambda r, f: r.of_day(f.verification.day),
    (VerificationRepository, "latest"): lambda r, _: r.latest(10),
    (ChargeRepository, "batch"): lambda r, f: r.batch(f.charge.batch_id),
    (ChargeRepository, "by_document"): lambda r, f: r.by_document(f.charge_batch.document),
    (ChargeRepository, "reversal"): lambda r, f: r.reversal(f.charge_reversal.batch_id),
    (LedgerRepository, "locked_balances_fen"): lambda r, f: r.locked_balances_fen([_key(f)]),
    (ChargeRepository, "of_batch"): lambda r, f: r.of_batch(f.charge.batch_id),
    (ChargeRepository, "of_account"): lambda r, f: r.of_account(f.charge.account_id),
    (ChargeRepository, "next_number"): lambda r, _: r.next_number(),
    (ChargeRepository, "energy_at"): lambda r, f: r.energy_at([f.reading.meter_id], EVER),
    (OrderRepository, "owed_under_way"): lambda r, f: r.owed_under_way(f.charge.account_id),
    (OrderRepository, "by_receipts"): lambda r, f: r.by_receipts([f.sale.receipt_number]),
    (GrantRepository, "batch"): lambda r, f: r.batch(f.batch.id),
    (GrantRepository, "orders"): lambda r, f: r.orders(f.batch.id),
    (GrantRepository, "allowance"): lambda r, f: r.allowance(f.allowance.point_id, f.allowance.month),
    (OrderRepository, "credit_steps"): lambda r, f: r.credit_steps(f.allowance.point_id),
    (ReceiptRepository, "order"): lambda r, f: r.order(f.sale.receipt_number),
    (ReceiptRepository, "prints"): lambda r, f: r.prints(f.receipt_print.receipt_number),
    (ReceiptRepository, "by_id"): lambda r, f: r.by_id(f.receipt_print.id),
    (TillRepository, "by_id"): lambda r, f: r.by_id(f.closing.id),
    (TillRepository, "latest"): lambda r, f: r.latest(f.closing.operator_id),
    (TillRepository, "next_number"): lambda r, _: r.next_number(),
    (TillRepository, "of_day"): lambda r, f: r.of_day(f.closing.day),
    (TillRepository, "day"): lambda r, f: r.day(f.day.day),
    (TillRepository, "day_by_id"): lambda r, f: r.day_by_id(f.day.id),
    (LedgerRepository, "balances_fen"): lambda r, f: r.balances_fen([_key(f)]),
    (LedgerRepository, "locked_balance_fen"): lambda r, f: r.locked_balance_fen(_key(f)),
    (LedgerRepository, "balance_fen"): lambda r, f: r.balance_fen(AccountKind(f.till.kind), f.till.owner),
    (LedgerRepository, "folded_fen"): lambda r, _: r.folded_fen(),
    (LedgerRepository, "kept_fen"): lambda r, _: r.kept_fen(),
    (ReconciliationRepository, "opened"): lambda r, _: r.opened(),
    (ReconciliationRepository, "sold"): lambda r, f: r.sold([_opened(f)], {}),
    (ReconciliationRepository, "latest"): lambda r, f: r.latest([_opened(f)]),
    (ReconciliationRepository, "comparable"): lambda r, f: r.comparable(
        [_opened(f)], {f.meter.id: _later(f)}
    ),
    (GatewayRepository, "add"): lambda r, f: r.add(Meter(**columns(f.meter))),
    (GatewayRepository, "add_all"): lambda r, f: r.add_all([Meter(**columns(f.meter))]),
    (GatewayRepository, "add_in_bulk"): lambda r, f: r.add_in_bulk({Meter: [Meter(**columns(f.meter))]}),
}
"""What asks each method for the other project's rows. `add` and `add_all` are every repository's."""

FILTERED_OTHERWISE = {
    (TariffRepository, "keep_day"),
    (ReadingRepository, "store"),
    (ReadingRepository, "note_failures"),
    (ReconciliationRepository, "comparable"),
    (CommandRepository, "add_command"),
    (CommandRepository, "move"),
    (CommandRepository, "make_due"),
    (OrderRepository, "next_receipt"),
    (LedgerRepository, "post"),
    (AuditRepository, "append"),
    (GatewayRepository, "add"),
    (GatewayRepository, "add_all"),
    (GatewayRepository, "add_in_bulk"),
}
"""Methods that write, and queries in SQL: they name their project in the statement itself, so taking `_narrow` away does not open them."""


def repositories(base: type[Repository] = Repository) -> Iterator[type[Repository]]:
    for repository in base.__subclasses__():
        yield repository
        yield from repositories(repository)


def test_every_public_method_of_every_repository_has_a_probe() -> None:
    written = {
        (repository, name)
        for repository in repositories()
        for name, value in vars(repository).items()
        if callable(value) and not name.startswith("_")
    }
    inherited = {
        (GatewayRepository, name)
        for name, value in vars(Repository).items()
        if callable(value) and not name.startswith("_")
    }
    assert set(PROBES) == written | inherited


@pytest.fixture(scope="module")
async def foreign(two_projects: Any) -> Foreign:
    async with two_projects.database.project(two_projects.foreign) as work:

        async def first(model: type[SQLModel], *conditions: Any) -> Any:
            return (await work.session.execute(select(model).where(*conditions).limit(1))).scalar_one()

        sale = await first(Order, Order.applied_at.is_not(None))  # type: ignore[union-attr]  # a column here
        reversal = await first(Order, Order.reverses.is_not(None))  # type: ignore[union-attr]  # a column here
        meter = await first(Meter, Meter.id == sale.meter_id)
        reading = await first(Reading, Reading.meter_id == meter.id)
        return Foreign(
            meter=meter,
            point=await first(Point, Point.id == meter.point_id),
            port=await first(Port, Port.gateway_number == meter.gateway_number),
            epoch=await first(MeterEpoch, MeterEpoch.meter_id == meter.id),
            reading=reading,
            account=await first(Account, Account.id == sale.account_id),
            owned=await first(AccountPoint, AccountPoint.account_id == sale.account_id),
            sale=sale,
            reversed_sale=await first(Order, Order.command_id == reversal.reverses),
            open_order=await first(Command, Command.due_at.is_not(None)),  # type: ignore[union-attr]  # a column here
            key=await first(IdempotencyKey),
            proposal=await first(Proposal),
            closing=await first(TillClosing),
            verification=await first(Verification),
            plan=await first(PricePlan),
            receipt_print=await first(ReceiptPrint),
            charge=await first(Charge),
            charge_batch=await first(ChargeBatch),
            charge_reversal=await first(ChargeReversal),
            batch=await first(GrantBatch),
            grant=await first(Grant),
            allowance=await first(Allowance),
            day=await first(DayClosing),
            till=await first(LedgerAccount, LedgerAccount.kind == AccountKind.TILL),
            meter_reading=MeterReading(
                number=meter.number,
                at=reading.at + timedelta(seconds=1),
                meter_clock=None,
                multiplier=1,
                energy_centikwh=1,
                energy_by_rate_centikwh=(1, 0, 0, 0),
                power_w=0,
                voltages_dv=(),
                currents_ca=(),
                power_factor_e3=None,
                frequency_chz=None,
                prepaid=None,
            ),
        )


async def project_tables(session: AsyncSession) -> list[str]:
    found = await session.execute(
        text(
            "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'project_id'"
            " WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace"
            " ORDER BY 1"
        )
    )
    return list(found.scalars())


async def rows_of(session: AsyncSession, project_id: int) -> dict[str, str]:
    """Everything a project has, as a digest for each table, read without any layer."""
    await session.execute(text("RESET ROLE"))
    return {
        table: (
            await session.execute(
                text(
                    f"SELECT coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM {table} t"
                    " WHERE project_id = :project"
                ),
                {"project": project_id},
            )
        ).scalar_one()
        for table in await project_tables(session)
    }


def plain(value: Any) -> Any:
    """A result to compare: rows by what they hold, errors by what they are."""
    if isinstance(value, SQLModel):
        return (type(value).__name__, columns(value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return plain({field.name: getattr(value, field.name) for field in dataclasses.fields(value)})
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


class Layers:
    """Runs a probe with one or both layers switched off, and rolls back."""

    def __init__(self, two_projects: Any, foreign: Foreign, monkeypatch: pytest.MonkeyPatch) -> None:
        self._two_projects = two_projects
        self._foreign = foreign
        self._monkeypatch = monkeypatch

    async def ask(
        self, repository: type[Repository], method: str, *, filtered: bool = True, policed: bool = True
    ) -> tuple[Any, dict[str, str]]:
        """The answer of the method, and digests of the other project's rows afterwards."""
        async with self._session(policed=policed) as session:
            work = Work(session, self._two_projects.own, _FIXED_CLOCK, self._two_projects.database._new_id)
            with self._monkeypatch.context() as patched:
                if not filtered:
                    patched.setattr(Repository, "_narrow", lambda _self, statement, *_models: statement)
                try:
                    async with session.begin_nested():
                        answer = plain(await PROBES[repository, method](repository(work), self._foreign))
                        await session.flush()
                except (DBAPIError, MultipleResultsFound, PlatformError, AssertionError):
                    answer = "refused"
            return answer, await rows_of(session, self._two_projects.foreign.project_id)

    @asynccontextmanager
    async def _session(self, *, policed: bool) -> AsyncIterator[AsyncSession]:
        async with AsyncSession(self._two_projects.database.engine) as session:
            if not policed:
                for table in [*await project_tables(session), "projects"]:
                    await session.execute(text(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"))
            await session.execute(
                text("SELECT set_config('role', 'prewatt_app', true), set_config('app.project', :own, true)"),
                {"own": str(self._two_projects.own.project_id)},
            )
            yield session
            await session.rollback()


class _FixedClock:
    """The same instant for all probes, so that answers can be compared."""

    def time(self) -> float:
        return self.now().timestamp()

    def now(self) -> datetime:
        return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)

    async def sleep(self, seconds: float) -> None:
        raise NotImplementedError


_FIXED_CLOCK = _FixedClock()


@pytest.fixture
def layers(two_projects: Any, foreign: Foreign, monkeypatch: pytest.MonkeyPatch) -> Layers:
    return Layers(two_projects, foreign, monkeypatch)


named = pytest.mark.parametrize(
    ("repository", "method"),
    [pytest.param(*probe, id=f"{probe[0].__name__}.{probe[1]}") for probe in PROBES],
)


@named
async def test_each_layer_isolates_alone(layers: Layers, repository: type[Repository], method: str) -> None:
    both = await layers.ask(repository, method)
    assert await layers.ask(repository, method, policed=False) == both
    assert await layers.ask(repository, method, filtered=False) == both
    if (repository, method) not in FILTERED_OTHERWISE:
        assert await layers.ask(repository, method, filtered=False, policed=False) != both


@named
async def test_nothing_of_another_project_changes(
    two_projects: Any, layers: Layers, repository: type[Repository], method: str
) -> None:
    async with AsyncSession(two_projects.database.engine) as session:
        before = await rows_of(session, two_projects.foreign.project_id)
    for policed in (True, False):
        _, after = await layers.ask(repository, method, policed=policed)
        assert after == before
