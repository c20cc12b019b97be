"""Sets a project's rules of selling."""

from dataclasses import asdict, dataclass

from prewatt_platform.accounts import rules
from prewatt_platform.accounts.errors import PolicyChanged, PolicyRefused
from prewatt_platform.accounts.models import SalesPolicy
from prewatt_platform.accounts.repository import PolicyRepository
from prewatt_platform.kernel import audit
from prewatt_platform.kernel.tenancy import Work

REVERSAL_DAYS_MAX = 366


@dataclass(frozen=True, slots=True)
class PolicyTerms:
    """All rules, as `SalesPolicy` has them."""

    sale_min_fen: int
    sale_max_fen: int
    hoarding_limit_fen: int | None
    fee_e4: int
    fee_fixed_fen: int
    reversal_days: int
    second_person_above_fen: int | None
    owed_share_e4: int = 0
    property_share_e4: int = 0


async def set_policy(work: Work, expected_version: int, terms: PolicyTerms) -> SalesPolicy:
    """Replace the rules. Raises `PolicyRefused`, and `PolicyChanged` when they are not of that version any more."""
    _check(terms)
    policy = await PolicyRepository(work).policy(for_update=True)
    if policy.version != expected_version:
        raise PolicyChanged(policy.version)
    wanted = asdict(terms)
    before = {name: getattr(policy, name) for name in wanted}
    for name, value in wanted.items():
        setattr(policy, name, value)
    policy.version += 1
    audit.record(work, "sales policy set", "project", before=before, after=wanted)
    await work.session.flush()
    return policy


def _check(terms: PolicyTerms) -> None:
    most = rules.AMOUNT_MAX_FEN
    for rule, value, least, limit in (
        ("sale_min", terms.sale_min_fen, 1, most),
        ("sale_max", terms.sale_max_fen, terms.sale_min_fen, most),
        ("hoarding_limit", terms.hoarding_limit_fen, 1, rules.TOTAL_MAX_FEN),
        ("fee_percent", terms.fee_e4, 0, 10_000),
        ("fee_fixed", terms.fee_fixed_fen, 0, most),
        ("owed_fee_percent", terms.owed_share_e4, 0, rules.FEE_SHARE_MAX_E4),
        ("property_fee_percent", terms.property_share_e4, 0, rules.FEE_SHARE_MAX_E4 - terms.owed_share_e4),
        ("reversal_days", terms.reversal_days, 0, REVERSAL_DAYS_MAX),
        ("second_person_above", terms.second_person_above_fen, 0, most),
    ):
        if value is not None and not least <= value <= limit:
            raise PolicyRefused(rule, "is out of range")
