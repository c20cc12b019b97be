"""Query `charges`: fees charged to an account."""

from typing import Annotated

import strawberry

from prewatt_graphql.charges.types import AccountCharges
from prewatt_graphql.context import Info
from prewatt_graphql.ids import local_key
from prewatt_platform.accounts.repository import AccountRepository
from prewatt_platform.charges.service import ChargeService


@strawberry.type
class ChargeQueries:
    """Root query on charged fees."""

    @strawberry.field(
        description="Fees charged to one account, and what it owes; null when this project has none of that id."
    )
    async def charges(
        self,
        info: Info,
        account: Annotated[strawberry.ID, strawberry.argument(description="Id of the account.")],
    ) -> AccountCharges | None:
        project = info.context.membership.project
        key = local_key(account, "Account", project.code)
        if key is None:
            return None
        async with info.context.work() as work:
            if await AccountRepository(work).by_id(key) is None:
                return None
            owed_fen, rows = await ChargeService(work).owed(key)
        return AccountCharges.of(owed_fen, rows, project.currency)
