"""History of an energy meter: frozen months and the month's maximum demand."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol, Self

from prewatt_fixtures.measurements import Measurement
from prewatt_fixtures.profile import Profile
from prewatt_fixtures.registers import Value
from prewatt_simulator.devices.energy.clock import MeterClock
from prewatt_simulator.devices.load import Load


class Frozen(NamedTuple):
    """Counters at the end of a month. Frozen registers read it in place of the meter."""

    local: datetime | None
    """When that was, by the meter's clock; None: no such month has ended yet."""
    rates_mwh: tuple[int, ...]
    divisor: int
    profile: Profile
    reverse_mwh: tuple[int, ...] = ()

    @property
    def energy_mwh(self) -> int:
        """Primary energy of all rates."""
        return sum(self.rates_mwh)

    @property
    def reverse_energy_mwh(self) -> int:
        """Primary energy fed in, of all rates."""
        return sum(self.reverse_mwh)

    @classmethod
    def nothing(cls, profile: Profile) -> Self:
        """A month of which nothing is known."""
        return cls(None, (0,) * profile.rates, 1, profile)


class Peak(NamedTuple):
    """The largest demand of the month, as far as it has been looked for."""

    watt: int
    """Primary."""
    local_ms: int
    """When the first cycle of that demand ended, in milliseconds of the meter's clock; 0: nothing was drawn yet."""
    since_ms: int
    """From then on clock, cycle and load are those that the meter has now."""
    seen_ms: int
    """Until then the cycles have been looked at."""


class Counter(Protocol):
    """The parts of an energy meter that `months` and `demand` read and set."""

    profile: Profile
    settings: Mapping[Measurement, Value]
    settled_ms: int
    clock: MeterClock
    load: Load
    rates_mwh: list[int]
    reverse_mwh: Sequence[int]
    frozen: tuple[Frozen, ...]
    peak: Peak | None
    reverse_peak: Peak | None

    @property
    def divisor(self) -> int:
        """Primary mWh in one count of an energy register."""
        ...
