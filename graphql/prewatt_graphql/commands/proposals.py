"""Query `proposals`: decisions that wait for a second person."""

from datetime import datetime

import strawberry

from prewatt_graphql.context import Info
from prewatt_graphql.limit_values import PAGE_MAX
from prewatt_platform.control.repository import ProposalRepository
from prewatt_platform.control.second_person import PROPOSAL_AGE_MAX


@strawberry.type(description="A decision that another operator has to agree to by sending the same mutation.")
class Proposal:
    """API form of `control.models.Proposal`."""

    mutation: str = strawberry.field(description="Name of the mutation.")
    summary: str = strawberry.field(description="What it does, in English, with amount, object and reason.")
    proposed_by: str = strawberry.field(description="Name of the operator who proposed it.")
    proposed_at: datetime = strawberry.field(description="When it was proposed.")
    expires_at: datetime = strawberry.field(description="When it no longer counts.")


@strawberry.type
class ProposalQueries:
    """Root query on proposals."""

    @strawberry.field(
        description=f"Decisions that wait for a second person, oldest first, {PAGE_MAX} at most."
    )
    async def proposals(self, info: Info) -> list[Proposal] | None:
        async with info.context.work() as work:
            earliest = info.context.platform.clock.now() - PROPOSAL_AGE_MAX
            rows = await ProposalRepository(work).since(earliest, PAGE_MAX)
        return [
            Proposal(
                mutation=row.operation,
                summary=row.summary,
                proposed_by=row.actor_name,
                proposed_at=row.proposed_at,
                expires_at=row.proposed_at + PROPOSAL_AGE_MAX,
            )
            for row in rows
        ]
