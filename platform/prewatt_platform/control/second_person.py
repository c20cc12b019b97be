"""Two persons for one decision: the first proposes, another operator sends the same request and so carries it out.

A proposal is known by operation, subject and content; it counts for `PROPOSAL_AGE_MAX`. One that differs takes the place
of the one before, so that two persons always agree on the same.
"""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from prewatt_platform.control.idempotency import content_hash
from prewatt_platform.control.models import Proposal
from prewatt_platform.control.repository import ProposalRepository
from prewatt_platform.kernel import audit
from prewatt_platform.kernel.tenancy import Work

PROPOSAL_AGE_MAX: Final = timedelta(hours=24)


async def agreed(work: Work, operation: str, subject: UUID, content: dict[str, Any], summary: str) -> bool:
    """Whether another operator proposed the same; if so, the proposal is used up. Else it is proposed now.

    The caller holds a lock on the subject's row, so that two persons who come at once do not both propose.
    """
    actor, now = work.scope.actor, work.clock.now()
    assert actor.id is not None, "only operators decide"
    proposals = ProposalRepository(work)
    hashed = content_hash(content)
    proposal = await proposals.of_subject(operation, subject)
    same = (
        proposal is not None
        and proposal.input_hash == hashed
        and proposal.proposed_at > now - PROPOSAL_AGE_MAX
    )
    if proposal is not None and same and proposal.actor_id != actor.id:
        proposal.agreed_at = now
        audit.record(work, "proposal agreed to", operation, summary=summary, proposed_by=proposal.actor_name)
        return True
    if proposal is not None and not same:
        proposal.input_hash, proposal.summary = hashed, summary
        proposal.actor_id, proposal.actor_name, proposal.proposed_at = actor.id, actor.name, now
    if proposal is None:
        await proposals.add(
            Proposal(
                project_id=work.project_id,
                id=work.new_id(),
                operation=operation,
                subject=subject,
                input_hash=hashed,
                summary=summary,
                actor_id=actor.id,
                actor_name=actor.name,
                proposed_at=now,
            )
        )
    audit.record(work, "proposed to a second person", operation, summary=summary)
    return False
