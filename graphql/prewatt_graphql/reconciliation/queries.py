"""Queries `reconciliation` (the meters' registers beside ledger and orders) and `verifications`."""

from typing import Annotated

import strawberry

from prewatt_graphql.connection import decode_cursor, page_size
from prewatt_graphql.context import Info
from prewatt_graphql.limit_values import PAGE_DEFAULT, PAGE_MAX
from prewatt_graphql.reconciliation.types import (
    ORDER,
    MeterReconciliationConnection,
    Verification,
    connection_of,
)
from prewatt_platform.reconciliation.repository import ReconciliationRepository, VerificationRepository
from prewatt_platform.reconciliation.service import reconcile

VERIFICATIONS_DEFAULT = 7


@strawberry.type
class ReconciliationQueries:
    """Root queries on reconciliation."""

    @strawberry.field(
        description="Opened meters with credit of their own, reconciled with ledger and orders by their latest reading. Refresh a meter first to compare with its registers of now."
    )
    async def reconciliation(
        self,
        info: Info,
        meter_numbers: Annotated[
            list[str] | None, strawberry.argument(description="Only these meters; null: all.")
        ] = None,
        first: Annotated[
            int, strawberry.argument(description=f"Meters on the page, 1 to {PAGE_MAX}.")
        ] = PAGE_DEFAULT,
        after: Annotated[
            str | None,
            strawberry.argument(description="Cursor of the last meter before this page; null: first page."),
        ] = None,
    ) -> MeterReconciliationConnection | None:
        behind = decode_cursor(after, ORDER, 1)
        size = page_size(first)
        async with info.context.work() as work:
            opened = await ReconciliationRepository(work).opened(
                meter_numbers, after=None if behind is None else behind[0], limit=size + 1
            )
            rows = await reconcile(work, opened[:size])
        return connection_of(rows, info.context.membership.project.currency, more=len(opened) > size)

    @strawberry.field(
        description="What the nightly proof of the project's rows found, newest first: the same checks as `prewatt verify`."
    )
    async def verifications(
        self,
        info: Info,
        first: Annotated[
            int, strawberry.argument(description=f"Nights, 1 to {PAGE_MAX}.")
        ] = VERIFICATIONS_DEFAULT,
    ) -> list[Verification] | None:
        async with info.context.work() as work:
            rows = await VerificationRepository(work).latest(page_size(first))
        return [Verification.of(row) for row in rows]
