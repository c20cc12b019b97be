"""Query `receipt`: the data of one receipt. Looking at it prints nothing and counts no copy."""

from typing import Annotated

import strawberry

from prewatt_graphql.context import Info
from prewatt_graphql.receipts.types import Receipt
from prewatt_platform.accounts.errors import UnknownReceipt
from prewatt_platform.receipts.repository import ReceiptRepository
from prewatt_platform.receipts.service import ReceiptService


@strawberry.type
class ReceiptQueries:
    """Root query on receipts."""

    @strawberry.field(
        description="Receipt of that number, without printing it; null when this project has none."
    )
    async def receipt(
        self, info: Info, number: Annotated[str, strawberry.argument(description="Receipt number.")]
    ) -> Receipt | None:
        async with info.context.work() as work:
            try:
                found = await ReceiptService(work).receipt(number)
            except UnknownReceipt:
                return None
            return Receipt.of(found, await ReceiptRepository(work).prints(number))
