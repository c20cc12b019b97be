"""The ledger's side of a money order, each step in one transaction with command, order and audit.

SALE      till → pending → delivered, fees, owed fees of the account
REFUND    delivered → pending → till of the operator who pays out
REVERSAL  the sale's accounts, backwards
GRANT     granted → pending → delivered, all of it granted money, which is never paid out
"""

from uuid import UUID

from prewatt_platform.accounts.models import Order
from prewatt_platform.control.models import Command, CommandKind, CommandState
from prewatt_platform.control.repository import CommandRepository
from prewatt_platform.field.messages import Evidence
from prewatt_platform.kernel import audit
from prewatt_platform.kernel.tenancy import Work
from prewatt_platform.ledger.models import Step, TransferKind
from prewatt_platform.ledger.repository import LedgerRepository
from prewatt_platform.ledger.rules import AccountKey, AccountKind, Funding
from prewatt_platform.ledger.service import Amounts, Ledger
from prewatt_platform.metering.models import MeterEpoch
from prewatt_platform.projects.repository import ProjectRepository

SERVICE_FEE = "service"
"""Owner of the account of service fees."""

PROPERTY_FEE = "property"
"""Owner of the account of property fees."""


async def post_reserved(work: Work, order: Order, command: Command) -> None:
    """Move the order's money to pending."""
    sources: Amounts
    match order.kind:
        case CommandKind.SALE:
            sources = {_till(command): order.paid_fen}
        case CommandKind.REFUND:
            sources = {_delivered(order): order.amount_fen}
        case CommandKind.GRANT:
            assert order.programme is not None, "the database says so"
            source = AccountKey(AccountKind.GRANTED, order.programme, Funding.GRANTED)
            sources = {source: order.amount_fen}
        case _:
            assert order.reverses is not None, "the database says so"
            # what the sale gave, account by account: a reversal leaves every balance as it was before
            sources = await _gained(work, order.reverses, Step.APPLY)
    await Ledger(work, await currency_of(work)).reserve(
        TransferKind(order.kind), order.command_id, sources, document=order.receipt_number
    )


async def post_applied(work: Work, command: Command, order: Order, evidence: Evidence) -> None:
    """Move the order to APPLIED and its money to its targets. Raises `CommandChanged` if another worker was first."""
    # the command moves first: its version decides which of two workers posts
    await CommandRepository(work).move(
        command, CommandState.APPLIED, due_at=None, attempts=command.attempts + 1
    )
    work.session.add(order)
    order.applied_at = work.clock.now()
    order.evidence = evidence.raw
    order.remaining_fen = evidence.remaining_fen
    await apply(work, command, order)
    _record(work, command, order, evidence)


async def apply(work: Work, command: Command, order: Order) -> None:
    """Move the order's reserved money to its targets."""
    targets: Amounts
    reverses = None
    match order.kind:
        case CommandKind.SALE:
            targets = {
                _delivered(order): order.amount_fen,
                AccountKey(AccountKind.FEES, SERVICE_FEE): order.fee_fen,
                AccountKey(AccountKind.FEES, PROPERTY_FEE): order.property_fen,
                owed(order.account_id): order.owed_fen,
            }
        case CommandKind.REFUND:
            targets = {_till(command): order.amount_fen}
        case CommandKind.GRANT:
            targets = {_delivered(order, Funding.GRANTED): order.amount_fen}
        case _:
            assert order.reverses is not None, "the database says so"
            targets = await _gained(work, order.reverses, Step.RESERVE)
            applied, _ = await LedgerRepository(work).lines_of(order.reverses, Step.APPLY)
            assert applied is not None, "only a sale that the meter has is reversed"
            reverses = applied.id
    await Ledger(work, await currency_of(work)).apply(
        TransferKind(order.kind), order.command_id, targets, document=order.receipt_number, reverses=reverses
    )


async def post_fenced(work: Work, command: Command, order: Order, evidence: Evidence) -> None:
    """Move a cancelled order to VOIDED and its money back: the meter has used up its count without the money."""
    await CommandRepository(work).move(
        command,
        CommandState.VOIDED,
        due_at=None,
        detail="cancelled: the meter does not have the money and cannot get it any more",
        attempts=command.attempts + 1,
    )
    work.session.add(order)
    order.fenced_at = work.clock.now()
    order.evidence = evidence.raw
    await Ledger(work, await currency_of(work)).void(order.command_id, reason="cancelled")
    _record(work, command, order, evidence)


async def adopt_counter(work: Work, epoch: MeterEpoch, point_id: UUID, count: int, total_fen: int) -> None:
    """Begin an epoch whose meter came to us opened: with the count and the credit that it shows."""
    epoch.opening_count, epoch.opening_total_fen = count, total_fen
    await Ledger(work, await currency_of(work)).adopt(epoch.meter_id, point_id, total_fen)


async def currency_of(work: Work) -> str:
    """Currency of the project."""
    project = await ProjectRepository(work).by_id(work.project_id)
    assert project is not None
    return project.currency


def owed(account_id: UUID) -> AccountKey:
    """The ledger account of fees that an account owes."""
    return AccountKey(AccountKind.OWED, str(account_id))


def _till(command: Command) -> AccountKey:
    return AccountKey(AccountKind.TILL, str(command.actor_id))


def _delivered(order: Order, funding: Funding = Funding.PAID) -> AccountKey:
    return AccountKey(AccountKind.DELIVERED, str(order.point_id), funding)


async def _gained(work: Work, sale: UUID, step: Step) -> Amounts:
    """What a step of a sale moved between its own accounts and pending, by account."""
    _, lines = await LedgerRepository(work).lines_of(sale, step)
    return {line.account: abs(line.amount_fen) for line in lines if line.account.kind != AccountKind.PENDING}


def _record(work: Work, command: Command, order: Order, evidence: Evidence) -> None:
    audit.record(
        work,
        f"{command.kind} {command.state}",
        f"meter {order.meter_number}",
        command=str(command.id),
        detail=command.detail,
        count=evidence.purchase_count,
        total_fen=evidence.total_purchased_fen,
    )
