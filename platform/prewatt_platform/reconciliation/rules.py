"""Pure rules of reconciling one meter: what its registers should show, what they show, what may differ.

The meter deducts by itself, so two chains are checked. Delivery: opening values and applied orders against purchase
count and total purchased, exactly. Use: between two readings, remaining must fall by the charge of the energy used,
within the resolution of the registers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

E4_PER_FEN_AND_CENTIKWH = 10_000
"""0.01 kWh at 0.0001 per kWh is a ten-thousandth of a fen."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the ledger and the orders say of one meter."""

    opening_count: int
    opening_total_fen: int
    applied_count: int | None
    """Purchase count of the newest order that was applied when the meter was read; None before the first."""
    applied_fen: int
    """Sum of the orders that were applied when the meter was read."""
    posted_fen: int
    """Sum of all applied orders, also of those since the reading."""
    delivered_fen: int
    """Balance of the point's ledger account."""
    open_fen: int | None
    """Amount of the order that is under way and may already stand in the meter; None without one."""
    open_count: int | None
    open_fencing: bool = False
    """Whether the order under way was cancelled, so that its count may show without its amount."""

    @property
    def total_fen(self) -> int:
        """Total purchased that the meter should show."""
        return self.opening_total_fen + self.applied_fen

    @property
    def count(self) -> int:
        """Purchase count that the meter should show."""
        return self.opening_count if self.applied_count is None else self.applied_count


@dataclass(frozen=True, slots=True)
class Registers:
    """Money and energy registers of one reading."""

    at: datetime
    purchase_count: int
    total_purchased_fen: int
    remaining_fen: int
    energy_by_rate_centikwh: tuple[int, ...]
    prices_e4: tuple[int, ...] | None
    multiplier: int


@dataclass(frozen=True, slots=True)
class Use:
    """The charge between two readings, computed here and as the meter deducted it."""

    since: datetime
    until: datetime
    charge_fen: int
    deducted_fen: int
    tolerance_fen: int

    @property
    def agrees(self) -> bool:
        """Whether both are equal within the tolerance."""
        return abs(self.charge_fen - self.deducted_fen) <= self.tolerance_fen


def delivery_differences(due: Delivery, shown: Registers) -> list[str]:
    """Each difference between ledger, orders and registers, with both sides. An order under way may show already."""
    allowed = {(due.count, due.total_fen)}
    if due.open_fen is not None and due.open_count is not None:
        allowed.add((due.open_count, due.total_fen + due.open_fen))
        if due.open_fencing:
            allowed.add((due.open_count, due.total_fen))
    found = []
    if (shown.purchase_count, shown.total_purchased_fen) not in allowed:
        found.append(
            f"purchase count {shown.purchase_count} and total {shown.total_purchased_fen} fen in the meter,"
            f" {due.count} and {due.total_fen} fen by the applied orders"
        )
    posted_fen = due.opening_total_fen + due.posted_fen
    if due.delivered_fen != posted_fen:
        found.append(
            f"{due.delivered_fen} fen delivered in the ledger, {posted_fen} fen by the applied orders"
        )
    return found


def charge_fen(used_centikwh: Sequence[int], prices_e4: Sequence[int]) -> int:
    """Charge of primary energy by rate, rounded half up once."""
    exact = sum(used * price for used, price in zip(used_centikwh, prices_e4, strict=False))
    return (2 * exact + E4_PER_FEN_AND_CENTIKWH) // (2 * E4_PER_FEN_AND_CENTIKWH)


def tolerance_fen(prices_e4: Sequence[int], multiplier: int) -> int:
    """One count of each rate's energy register at its price, and 1 fen for the money register."""
    return 1 + sum(-(-price * multiplier // E4_PER_FEN_AND_CENTIKWH) for price in prices_e4)


def use_between(earlier: Registers, later: Registers) -> Use | None:
    """Charge and deduction between two readings; None when they cannot be compared.

    They cannot when prices or multiplier changed or an energy register fell.
    """
    prices = later.prices_e4
    used = [
        after - before
        for before, after in zip(earlier.energy_by_rate_centikwh, later.energy_by_rate_centikwh, strict=False)
    ]
    if prices is None or prices != earlier.prices_e4 or earlier.multiplier != later.multiplier or not used:
        return None
    if min(used) < 0:
        return None
    bought_fen = later.total_purchased_fen - earlier.total_purchased_fen
    return Use(
        since=earlier.at,
        until=later.at,
        charge_fen=charge_fen(used, prices),
        deducted_fen=earlier.remaining_fen + bought_fen - later.remaining_fen,
        tolerance_fen=tolerance_fen(prices[: len(used)], later.multiplier),
    )
