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
    """Counters at the end of a month. Register tables read it in place of the meter for frozen rows."""

    local: datetime | None
    """End of the month by the meter's clock; None when no such month has ended yet."""
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
    def empty(cls, profile: Profile) -> Self:
        """A month that has not ended yet: all counters 0."""
        return cls(None, (0,) * profile.rates, 1, profile)


class Peak(NamedTuple):
    """The largest demand of the month in the cycles checked so far."""

    watt: int
    """Primary side."""
    local_ms: int
    """End of the first cycle with that demand, milliseconds of the meter's clock; 0 when nothing was drawn yet."""
    since_ms: int
    """Farm time since which clock, cycle and load are those of now."""
    checked_ms: int
    """Farm time up to which cycles are checked."""


class Counter(Protocol):
    """The attributes of an energy meter that `months` and `demand` use."""

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
