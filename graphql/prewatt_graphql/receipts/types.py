"""Types of receipts."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Self

import strawberry

from prewatt_graphql.accounts.types import Sale
from prewatt_platform.receipts.content import Receipt as ReceiptData
from prewatt_platform.receipts.models import ReceiptPrint


@strawberry.enum(description="Form of a printed receipt.")
class ReceiptForm(Enum):
    """`receipts.models.Form`."""

    TEXT_32 = strawberry.enum_value(
        "TEXT_32", description="Plain text for a thermal printer of 32 columns (58 mm)."
    )
    TEXT_48 = strawberry.enum_value(
        "TEXT_48", description="Plain text for a thermal printer of 48 columns (80 mm)."
    )
    PDF = strawberry.enum_value(
        "PDF", description="PDF page of 80 mm width, with its fonts embedded and a QR code."
    )


@strawberry.enum(description="Language of a printed receipt.")
class ReceiptLanguage(Enum):
    """`receipts.models.Language`."""

    CHINESE = strawberry.enum_value("CHINESE", description="Chinese.")
    ENGLISH = strawberry.enum_value("ENGLISH", description="English.")


@strawberry.type(description="One printed copy of a receipt.")
class ReceiptCopy:
    """API form of `receipts.models.ReceiptPrint`."""

    copy_number: int = strawberry.field(
        description="1, 2, 3 … of the receipt; from 2 on it is marked as a reprint."
    )
    at: datetime = strawberry.field(description="When it was printed.")
    operator_name: str = strawberry.field(description="Who printed it.")
    form: ReceiptForm = strawberry.field(description="Form.")
    language: ReceiptLanguage = strawberry.field(description="Language.")

    @classmethod
    def of(cls, row: ReceiptPrint) -> Self:
        """The API type of a print."""
        return cls(
            copy_number=row.copy_number,
            at=row.at,
            operator_name=row.operator_name,
            form=ReceiptForm(row.form),
            language=ReceiptLanguage(row.language),
        )


@strawberry.type(description="Receipt of an order that moves money.")
class Receipt:
    """Built by `of`."""

    number: str = strawberry.field(
        description="Receipt number; consecutive within the project, without gaps."
    )
    sale: Sale = strawberry.field(description="The order, with the names and prices of its day.")
    check_code: str = strawberry.field(
        description="Sixteen hexadecimal digits; a receipt that shows others is not this one."
    )
    qr_text: str = strawberry.field(
        description="Content of the QR code, for printers that draw it themselves: number, kind, meter, amount paid, time, check code."
    )
    copies: list[ReceiptCopy] = strawberry.field(description="All printed copies, by number.")

    @classmethod
    def of(cls, receipt: ReceiptData, prints: Sequence[ReceiptPrint]) -> Self:
        """The API type of a receipt and its prints."""
        return cls(
            number=receipt.order.receipt_number,
            sale=Sale.of(receipt.order, receipt.project),
            check_code=receipt.check_code,
            qr_text=receipt.qr_text,
            copies=[ReceiptCopy.of(row) for row in prints],
        )
