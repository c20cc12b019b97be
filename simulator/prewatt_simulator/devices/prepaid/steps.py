"""Step tariff in the meter: the price depends on the energy used in the month or year. Registers and rules are ASSUMED.

While it is on, the price of the running step replaces the prices of the rates. Arithmetic only, exact to the mWh: the
step follows from the energy, so the moment of a step's end need not be known.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

MONTH: Final = 1
YEAR: Final = 2


@dataclass(frozen=True, slots=True)
class StepTariff:
    """Values of the step registers (04A0H to 04B1H, ASSUMED)."""

    on: bool = False
    limits: tuple[int, int, int] = (0, 0, 0)
    """Energy at which steps 1 to 3 end, in counts of the energy registers; 0: the step has no end."""
    prices_e4: tuple[int, int, int, int] = (0, 0, 0, 0)
    period: int = MONTH

    def with_limit(self, index: int, counts: int) -> "StepTariff":
        """Copy with another limit of step `index`, counted from 0."""
        first, second, third = (counts if at == index else limit for at, limit in enumerate(self.limits))
        return replace(self, limits=(first, second, third))

    def with_price(self, index: int, price_e4: int) -> "StepTariff":
        """Copy with another price of step `index`, counted from 0."""
        prices = (price_e4 if at == index else price for at, price in enumerate(self.prices_e4))
        first, second, third, fourth = prices
        return replace(self, prices_e4=(first, second, third, fourth))

    def period_of(self, local: datetime) -> int:
        """Number of the month or year of a local time; differs from that of the period before and after."""
        return local.year if self.period == YEAR else 12 * local.year + local.month

    def charge_fine(self, used_mwh: int, drawn_mwh: int, divisor: int) -> int:
        """Cost in 1e-10 yuan of the next `drawn_mwh` after `used_mwh` in the period; `divisor`: mWh per count."""
        cost = 0
        for end_mwh, price_e4 in self._steps(divisor):
            part_mwh = drawn_mwh if end_mwh is None else min(drawn_mwh, max(end_mwh - used_mwh, 0))
            cost += part_mwh * price_e4
            used_mwh += part_mwh
            drawn_mwh -= part_mwh
        return cost

    def affordable_mwh(self, used_mwh: int, spare_fine: int, divisor: int) -> int | None:
        """Least energy in mWh that costs `spare_fine` or more; None when the last step is free of charge."""
        total_mwh = 0
        for end_mwh, price_e4 in self._steps(divisor):
            wanted_mwh = -(-spare_fine // price_e4) if price_e4 else None
            room_mwh = None if end_mwh is None else max(end_mwh - used_mwh, 0)
            if wanted_mwh is not None and (room_mwh is None or wanted_mwh <= room_mwh):
                return total_mwh + wanted_mwh
            if room_mwh is None:
                break
            total_mwh += room_mwh
            used_mwh += room_mwh
            spare_fine -= room_mwh * price_e4
        return None

    def _steps(self, divisor: int) -> Iterator[tuple[int | None, int]]:
        """Pairs of a step's end in mWh, None for the last, and its price.

        A limit below the one before ends its step at once.
        """
        for limit, price_e4 in zip((*self.limits, 0), self.prices_e4, strict=True):
            yield limit * divisor or None, price_e4
            if not limit:
                return


NO_STEPS = StepTariff()
