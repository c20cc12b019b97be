"""Shows and prints receipts inside one unit of work. Every print is kept with its copy number, and audited."""

from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from prewatt_platform.accounts.errors import UnknownReceipt
from prewatt_platform.accounts.models import Order
from prewatt_platform.accounts.repository import OrderRepository
from prewatt_platform.control.idempotency import once_row
from prewatt_platform.control.repository import CommandRepository
from prewatt_platform.kernel import audit
from prewatt_platform.kernel.tenancy import Work
from prewatt_platform.projects.repository import ProjectRepository
from prewatt_platform.receipts.content import Receipt, Sheet, sheet
from prewatt_platform.receipts.models import Form, Language, ReceiptPrint
from prewatt_platform.receipts.repository import ReceiptRepository


@dataclass(frozen=True, slots=True)
class Printed:
    """A printed copy: the receipt, its print, and the lines to set."""

    receipt: Receipt
    row: ReceiptPrint
    sheet: Sheet

    @property
    def reprint(self) -> bool:
        """Whether an earlier copy exists."""
        return self.row.copy_number > 1


class ReceiptService:
    """Receipts of one project."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._rows = ReceiptRepository(work)

    async def receipt(self, receipt_number: str) -> Receipt:
        """The receipt of that number. Raises `UnknownReceipt`."""
        order = await OrderRepository(self._work).by_receipt(receipt_number)
        if order is None:
            raise UnknownReceipt(receipt_number)
        return await self._receipt(order)

    async def print(
        self, key: UUID, receipt_number: str, form: Form, language: Language
    ) -> tuple[Printed, bool]:
        """Print a copy; (copy, replayed). Raises `UnknownReceipt`, `IdempotencyMismatch`."""

        async def make() -> UUID:
            return (await self._add(receipt_number, form, language)).id

        content = {"receipt": receipt_number, "form": form, "language": language}
        row_id, replayed = await once_row(self._work, "receiptPrint", key, content, make)
        row = await self._rows.by_id(row_id)
        assert row is not None, "a key's print exists: prints are never deleted"
        return await self._printed(row), replayed

    async def print_without_key(self, receipt_number: str, form: Form, language: Language) -> Printed:
        """Print a copy for the platform's own command line. Raises `UnknownReceipt`."""
        return await self._printed(await self._add(receipt_number, form, language))

    async def _add(self, receipt_number: str, form: Form, language: Language) -> ReceiptPrint:
        if await self._rows.order(receipt_number) is None:
            raise UnknownReceipt(receipt_number)
        row = ReceiptPrint(
            project_id=self._work.project_id,
            receipt_number=receipt_number,
            copy_number=len(await self._rows.prints(receipt_number)) + 1,
            id=self._work.new_id(),
            at=self._work.clock.now(),
            operator_name=self._work.scope.actor.name,
            form=form,
            language=language,
        )
        await self._rows.add(row)
        audit.record(
            self._work,
            "receipt printed" if row.copy_number == 1 else "receipt reprinted",
            f"receipt {receipt_number}",
            copy=row.copy_number,
            form=form,
            language=language,
        )
        return row

    async def _printed(self, row: ReceiptPrint) -> Printed:
        receipt = await self.receipt(row.receipt_number)
        printed_at = row.at.astimezone(ZoneInfo(receipt.project.timezone))
        return Printed(receipt, row, sheet(receipt, Language(row.language), row.copy_number, printed_at))

    async def _receipt(self, order: Order) -> Receipt:
        project = await ProjectRepository(self._work).by_id(self._work.project_id)
        assert project is not None
        command = await CommandRepository(self._work).by_id(order.command_id)
        assert command is not None, "an order and its command are written together"
        sale = None
        if order.reverses is not None:
            sale = await OrderRepository(self._work).by_command(order.reverses)
        return Receipt(
            project=project,
            order=order,
            state=command.state,
            local_time=order.created_at.astimezone(ZoneInfo(project.timezone)),
            reverses_number=None if sale is None else sale.receipt_number,
        )
