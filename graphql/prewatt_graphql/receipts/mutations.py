"""Mutation `receiptPrint`: a copy as text or PDF, counted and audited.

A PDF has some 20 kB and comes in the answer, so it needs no address of its own that somebody else could open.
"""

import asyncio
import base64

import strawberry

from prewatt_graphql.context import Info
from prewatt_graphql.payloads import IdempotentInput, IdempotentPayload, Input, mutation
from prewatt_graphql.receipts.types import Receipt, ReceiptForm, ReceiptLanguage
from prewatt_platform.receipts.models import Form, Language
from prewatt_platform.receipts.pdf import pdf
from prewatt_platform.receipts.plain_text import COLUMNS, plain_text
from prewatt_platform.receipts.repository import ReceiptRepository
from prewatt_platform.receipts.service import ReceiptService


@strawberry.input(description="A receipt to print.")
class ReceiptPrintInput(IdempotentInput):
    """Input of `receiptPrint`."""

    receipt_number: str = strawberry.field(description="Receipt number of the sale, refund or reversal.")
    form: ReceiptForm = strawberry.field(description="Text of 32 or 48 columns, or PDF.")
    language: ReceiptLanguage = strawberry.field(
        default=ReceiptLanguage.CHINESE, description="Language of the receipt."
    )


@strawberry.type(description="Result of `receiptPrint`.")
class ReceiptPrintPayload(IdempotentPayload):
    """Payload of `receiptPrint`."""

    receipt: Receipt | None = strawberry.field(default=None, description="The receipt with all its copies.")
    copy_number: int | None = strawberry.field(default=None, description="Number of this copy.")
    reprint: bool = strawberry.field(
        default=False, description="True when an earlier copy exists; this one is marked."
    )
    text: str | None = strawberry.field(
        default=None,
        description="The copy as lines of at most 32 or 48 columns, of which Chinese characters take two; null for PDF.",
    )
    pdf: str | None = strawberry.field(default=None, description="The PDF file in base64; null for text.")
    missing_characters: list[str] = strawberry.field(
        default_factory=list,
        description="Characters that the PDF's fonts lack; a box stands instead of each.",
    )


@strawberry.type
class ReceiptMutations:
    """Root mutation on receipts."""

    @mutation(
        ReceiptPrintPayload,
        "Print a receipt. Each print is a copy that is counted and audited; from the second on it is marked as a reprint. The "
        "same key gives the same copy again, with the order in its present state. Errors: NOT_FOUND, BAD_INPUT, "
        "IDEMPOTENCY_MISMATCH.",
    )
    async def receipt_print(self, info: Info, input: Input[ReceiptPrintInput]) -> ReceiptPrintPayload:
        async with info.context.work() as work:
            printed, replayed = await ReceiptService(work).print(
                input.idempotency_key,
                input.receipt_number,
                Form(input.form.name),
                Language(input.language.name),
            )
            prints = await ReceiptRepository(work).prints(input.receipt_number)
        payload = ReceiptPrintPayload(
            receipt=Receipt.of(printed.receipt, prints),
            copy_number=printed.row.copy_number,
            reprint=printed.reprint,
            replayed=replayed,
        )
        columns = COLUMNS.get(Form(printed.row.form))
        if columns is not None:
            payload.text = plain_text(printed.sheet, columns)
        else:
            file = await asyncio.to_thread(pdf, printed.sheet)
            payload.pdf = base64.b64encode(file.content).decode()
            payload.missing_characters = list(file.missing)
        return payload
