"""Pure rules of postings: valid lines of a transfer, division of an amount without a remainder.

Amounts are in fen; a positive line increases its account. Paid and granted money (allowance, subsidy) are kept in
separate accounts, so the lines of each funding sum to zero by themselves.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from prewatt_platform.ledger.errors import LinesRefused


class AccountKind(StrEnum):
    """Kind of a ledger account. The owner named with each kind is a UUID or a code."""

    TILL = "till"
    """Money taken, negative; owner: operator or payment channel."""
    PENDING = "pending"
    """Money reserved for one order; owner: the order."""
    DELIVERED = "delivered"
    """Credit handed to the meter of a METER point; owner: the point. Equals the meter's total purchased."""
    BALANCE = "balance"
    """Credit kept by the platform for PLATFORM points; owner: account, or account/point."""
    GRANTED = "granted"
    """Source of allowances and subsidies, negative; owner: the programme."""
    FEES = "fees"
    """Service and property fees; owner: the kind of fee."""
    OWED = "owed"
    """Fees that were charged and not paid yet, negative; owner: the account."""
    CONSUMPTION = "consumption"
    """Energy and water that were charged; owner: the point."""
    IN_TRANSIT = "in transit"
    """Credit between an old meter and a new one; owner: the meter change."""
    ADOPTED = "adopted"
    """Counterpart of credit that a meter held before its epoch here began, negative; owner: the meter."""
    VAULT = "vault"
    """Cash that tills handed over, negative; owner: the means of payment."""
    CASH_DIFFERENCE = "cash difference"
    """Cash that was missing when a till was counted, negative; a surplus is positive; owner: the means of payment."""
    ROUNDING = "rounding"
    """Remainders of amounts that do not divide evenly; owner: the reason."""


class Funding(StrEnum):
    """Origin of money. Only PAID money is ever paid out."""

    PAID = "PAID"
    GRANTED = "GRANTED"


NEVER_NEGATIVE = frozenset({AccountKind.PENDING, AccountKind.DELIVERED, AccountKind.IN_TRANSIT})
"""Kinds whose balance may not fall below zero; the database refuses it too (`balances.floor_fen`)."""


@dataclass(frozen=True, slots=True, order=True)
class AccountKey:
    """Names one ledger account of a project."""

    kind: AccountKind
    owner: str
    funding: Funding = Funding.PAID


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a transfer, in fen; positive increases the account."""

    account: AccountKey
    amount_fen: int


def moved(source: AccountKey, target: AccountKey, amount_fen: int) -> list[Line]:
    """The two lines that move `amount_fen` from source to target; none for zero."""
    return [Line(source, -amount_fen), Line(target, amount_fen)] if amount_fen else []


def check(lines: Sequence[Line]) -> None:
    """Raise `LinesRefused` unless there are two lines or more, none is zero, no account comes twice, and the
    lines of each funding sum to zero.
    """
    if len(lines) < 2:
        raise LinesRefused(lines, "a transfer has two lines or more")
    if not all(line.amount_fen for line in lines):
        raise LinesRefused(lines, "a line moves an amount other than zero")
    if max(Counter(line.account for line in lines).values()) > 1:
        raise LinesRefused(lines, "an account stands in one line only")
    for funding in Funding:
        if sum(line.amount_fen for line in lines if line.account.funding is funding):
            raise LinesRefused(lines, f"the {funding} lines do not sum to zero")


def granted_first(amount_fen: int, granted_fen: int) -> tuple[int, int]:
    """Split a consumption into (paid, granted): granted money is used up before paid money."""
    granted = min(amount_fen, max(granted_fen, 0))
    return amount_fen - granted, granted


def shares(total_fen: int, weights: Sequence[int]) -> list[int]:
    """Divide `total_fen` in proportion to `weights`; the shares add up to the total exactly.

    Each share is rounded down, then the remaining fen go one by one to the largest remainders, the earlier weight
    first among equals (Hamilton's method). Raises `ValueError` without a positive weight or with a negative one.
    """
    whole = sum(weights)
    if whole <= 0 or min(weights) < 0:
        raise ValueError("shares need weights that are not negative and not all zero")
    floors = [total_fen * weight // whole for weight in weights]
    by_remainder = sorted(
        range(len(weights)), key=lambda index: (-(total_fen * weights[index] % whole), index)
    )
    for index in by_remainder[: total_fen - sum(floors)]:
        floors[index] += 1
    return floors
