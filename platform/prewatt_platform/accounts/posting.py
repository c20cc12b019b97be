"""Posts an order whose evidence shows that the meter has it: command, ledger, sale and audit in one transaction."""

from prewatt_platform.accounts.models import Sale
from prewatt_platform.control.models import Command, CommandState
from prewatt_platform.control.repository import CommandRepository
from prewatt_platform.field.messages import Evidence
from prewatt_platform.kernel import audit
from prewatt_platform.kernel.tenancy import Work
from prewatt_platform.ledger.models import TransferKind
from prewatt_platform.ledger.rules import AccountKey, AccountKind
from prewatt_platform.ledger.service import Ledger
from prewatt_platform.projects.repository import ProjectRepository


async def post_applied(
    work: Work, command: Command, sale: Sale, evidence: Evidence, meter_number: str
) -> None:
    """Move the order to APPLIED and its money to the meter. Raises `CommandChanged` if another worker was first."""
    # the command moves first: its version decides which of two workers posts
    await CommandRepository(work).move(
        command, CommandState.APPLIED, due_at=None, attempts=command.attempts + 1
    )
    work.session.add(sale)
    sale.applied_at = work.clock.now()
    sale.evidence = evidence.raw
    await Ledger(work, await currency_of(work)).apply(
        TransferKind.SALE,
        sale.command_id,
        {AccountKey(AccountKind.DELIVERED, str(sale.point_id)): sale.amount_fen},
        document=sale.receipt_number,
    )
    audit.record(
        work,
        f"{command.kind} {CommandState.APPLIED}",
        f"meter {meter_number}",
        command=str(command.id),
        detail=None,
        count=evidence.purchase_count,
        total_fen=evidence.total_purchased_fen,
    )


async def currency_of(work: Work) -> str:
    """Currency of the project."""
    project = await ProjectRepository(work).by_id(work.project_id)
    assert project is not None
    return project.currency
