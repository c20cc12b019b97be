"""Pure rules of money orders: they compare an order with the meter's registers and decide the next step.

An order is planned from evidence (purchase count and total purchased) and committed before a frame leaves: it will be
count `c` and the total will be `total_before + change` (negative for a refund or reversal). From then on only evidence
moves it:

    count = c   and total = total_before + change    APPLIED
    count = c−1 and total = total_before             not there (yet): the same frame may go again
    count = c   and total = total_before             fenced, when a frame (c, 0) was sent: it can never be applied
    anything else                                    DISPUTED: a person decides, the money stays reserved

An echo, a reply or the remaining credit is no evidence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from prewatt_fixtures.profile import CounterRule
from prewatt_platform.field.messages import Evidence
from prewatt_platform.ledger.rules import Funding

AMOUNT_MAX_FEN: Final = 99_999_999
"""Largest single sale, 999,999.99."""

PRICE_MAX_E4: Final = 99_999_999
"""Highest price, 9,999.9999 per kWh."""

CUSTOMER_NAME_MAX: Final = 100
CUSTOMER_PHONE_MAX: Final = 40

COUNT_MAX: Final = 0xFFFF
"""Largest purchase count that the register holds."""

COUNT_NEAR_END: Final = COUNT_MAX * 9 // 10
"""Purchase count from which on a meter is marked: its count has to be set back, which begins a new epoch."""

FEE_SHARE_MAX_E4: Final = 9_000
"""Most that fees may take of a payment for credit, 90 %."""

TOTAL_MAX_FEN: Final = 0x7FFF_FFFF
"""Largest total and credit that the registers hold (the credit register is signed)."""

SENDS_AT_ONCE_MAX: Final = 3
"""How often one frame may go while the bus is held; then the order waits before it goes again."""

RESENDING_RULES: Final = frozenset({CounterRule.NEXT, CounterRule.GREATER})
"""Counter rules under which the same frame, sent again or arriving late, cannot be applied twice."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Purchase count and totals committed for an order before its frame leaves."""

    purchase_count: int
    total_before_fen: int
    change_fen: int

    @property
    def total_after_fen(self) -> int:
        """Total purchased once the order is in the meter."""
        return self.total_before_fen + self.change_fen


class Verdict(Enum):
    """What evidence says about a planned order."""

    APPLIED = "applied"
    NOT_APPLIED = "not applied"
    FENCED = "fenced"
    CONTRADICTION = "contradiction"


def judge(plan: Plan, evidence: Evidence, *, fencing: bool = False) -> Verdict:
    """Compare the meter's registers with the plan. `fencing`: the count may have been used up without money."""
    found = (evidence.purchase_count, evidence.total_purchased_fen)
    if found == (plan.purchase_count, plan.total_after_fen):
        return Verdict.APPLIED
    if found == (plan.purchase_count - 1, plan.total_before_fen):
        return Verdict.NOT_APPLIED
    # only while fencing: otherwise the same registers mean that somebody else used the count up
    if fencing and found == (plan.purchase_count, plan.total_before_fen):
        return Verdict.FENCED
    return Verdict.CONTRADICTION


def contradiction(plan: Plan, evidence: Evidence) -> str:
    """Text of the contradiction, for the operator who decides."""
    return (
        f"purchase count {evidence.purchase_count}, total {yuan(evidence.total_purchased_fen)}; "
        f"{plan.purchase_count} and {yuan(plan.total_after_fen)} would be the order, "
        f"{plan.purchase_count - 1} and {yuan(plan.total_before_fen)} would be none"
    )


def foreign_change(expected_count: int, expected_total_fen: int, evidence: Evidence) -> str | None:
    """Why the meter must be held: its counter moved without us. None when it is as we left it."""
    found = (evidence.purchase_count, evidence.total_purchased_fen)
    if found == (expected_count, expected_total_fen):
        return None
    return (
        f"the meter shows purchase count {found[0]} and total {yuan(found[1])}, "
        f"we know {expected_count} and {yuan(expected_total_fen)}: it was topped up or reset without us"
    )


def refusal_before_sending(
    plan: Plan, evidence: Evidence, hoarding_limit_fen: int | None = None
) -> str | None:
    """Why the order cannot go to this meter at all; None when it can."""
    credit_fen = evidence.remaining_fen + plan.change_fen
    if not evidence.money_control:
        return "money control is off in the meter: it is not opened"
    if plan.purchase_count > COUNT_MAX:
        return f"the purchase count is at its maximum {COUNT_MAX}: set it back in the meter and confirm a new epoch"
    if plan.total_after_fen > TOTAL_MAX_FEN or credit_fen > TOTAL_MAX_FEN:
        return "the meter's registers cannot hold that much"
    if plan.change_fen < 0 and (credit_fen < 0 or plan.total_after_fen < 0):
        return f"the meter has only {yuan(evidence.remaining_fen)} left"
    if plan.change_fen > 0 and hoarding_limit_fen is not None and credit_fen > hoarding_limit_fen:
        return f"the credit would be {yuan(credit_fen)}, above the hoarding limit {yuan(hoarding_limit_fen)}"
    return None


@dataclass(frozen=True, slots=True)
class CreditStep:
    """One applied order: what it changed, and the credit that the meter showed with it. Amounts in fen."""

    change_fen: int
    remaining_fen: int
    granted: bool


def granted_left_fen(steps: Sequence[CreditStep], credit_fen: int) -> int:
    """What is left of granted credit in a meter that has `credit_fen` now; `steps` in order, from the first grant on.

    Between two steps the credit falls by what was used, and granted credit is used up before paid credit. A grant pays a
    debt of the meter first.
    """
    left_fen, last_fen = 0, None
    for step in steps:
        if last_fen is not None:
            left_fen = _granted_after_use(left_fen, last_fen, step.remaining_fen - step.change_fen)
        if step.granted:
            left_fen = min(left_fen + step.change_fen, max(0, step.remaining_fen))
        last_fen = step.remaining_fen
    return 0 if last_fen is None else _granted_after_use(left_fen, last_fen, credit_fen)


def _granted_after_use(granted_fen: int, before_fen: int, after_fen: int) -> int:
    return max(0, granted_fen - max(0, before_fen - after_fen))


def refundable_fen(credit_fen: int, granted_fen: int, paid_fen: int) -> int:
    """Most that can be paid out of the credit in a meter.

    `granted_fen`: what is left in it of granted credit; `paid_fen`: paid money ever handed to it and not taken back.
    """
    return max(0, min(credit_fen - granted_fen, paid_fen))


def adjustment(delivered_fen: Mapping[Funding, int], change_fen: int) -> dict[Funding, int]:
    """How an adjustment of a meter's credit divides: a fall takes granted money only when there is no paid money left."""
    paid_fen = max(change_fen, -delivered_fen[Funding.PAID])
    return {Funding.PAID: paid_fen, Funding.GRANTED: change_fen - paid_fen}


def service_fee_fen(amount_fen: int, share_e4: int, fixed_fen: int) -> int:
    """Service fee on a sale: a share of the amount in 0.0001, rounded half up, and a fixed part."""
    # half up in whole numbers: (2a·s + 10⁴) // (2·10⁴)
    return fixed_fen + (2 * amount_fen * share_e4 + 10_000) // 20_000


@dataclass(frozen=True, slots=True)
class Division:
    """How a payment for credit divides. Amounts in fen; they add up to the payment."""

    owed_fen: int
    property_fen: int
    credit_fen: int


def division(paid_fen: int, owed_fen: int, owed_share_e4: int, property_share_e4: int) -> Division:
    """Divide a payment: first what the account owes, up to its share; then the property fee; the rest is credit.

    Shares are rounded down and are `FEE_SHARE_MAX_E4` together at most, so some credit is always left.
    """
    settled_fen = min(owed_fen, paid_fen * owed_share_e4 // 10_000)
    property_fen = paid_fen * property_share_e4 // 10_000
    return Division(settled_fen, property_fen, paid_fen - settled_fen - property_fen)


def yuan(amount_fen: int) -> str:
    """An amount in yuan with two decimals."""
    sign = "-" if amount_fen < 0 else ""
    return f"{sign}{abs(amount_fen) // 100}.{abs(amount_fen) % 100:02}"
