"""Messages between the field and the rest of the platform: frozen dataclasses without behaviour.

Addresses go down, readings and evidence come up. Numbers are integers in the units of their names; energies, powers and currents
are primary values, whatever side of the transformers the meter's registers speak of.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from prewatt_fixtures.endpoints import Framing


@dataclass(frozen=True, slots=True)
class BusAddress:
    """One RS-485 bus, reached through a serial server's TCP port."""

    host: str
    tcp: int
    framing: Framing

    def __str__(self) -> str:
        return f"{self.host}:{self.tcp}"


@dataclass(frozen=True, slots=True)
class MeterAddress:
    """One meter on its bus, with the ratios of its transformers."""

    bus: BusAddress
    unit: int
    model: str
    number: str
    ct: int = 1
    pt: int = 1


@dataclass(frozen=True, slots=True)
class PrepaidReading:
    """Credit and relay registers of a prepaid meter."""

    remaining_fen: int
    purchase_count: int
    total_purchased_fen: int
    money_control: bool
    relay_closed: bool
    """Every phase's relay is closed."""
    relay_fault: bool
    forced_mode: bool
    forced_closed: bool
    """What forced control wants; without meaning while `forced_mode` is False."""
    alarm_1: bool
    alarm_2: bool
    arrears: bool
    over_limit: bool
    alarms_fen: tuple[int, int]
    prices_e4: tuple[int, int, int, int]
    """Sharp, peak, flat, valley."""
    overdraft_fen: int
    hoarding_limit_fen: int
    overload_w: int
    """Threshold of the overload trip; 0: none."""
    base_centikwh: int
    """As the register holds it: on the meter's own side of the transformers."""


@dataclass(frozen=True, slots=True)
class MeterReading:
    """One whole reading of a meter. Values that the model has no register for are None or missing."""

    number: str
    at: datetime
    """The collector's clock, aware, UTC."""
    meter_clock: datetime | None
    """The meter's own clock: local, without zone; None when it holds no date."""
    multiplier: int
    """Applied to energies and powers: CT × PT, or 1 when the registers are primary already."""
    energy_centikwh: int
    energy_by_rate_centikwh: tuple[int, ...]
    """Sharp, peak, flat, valley, and deep valley where the model counts it."""
    power_w: int
    """Negative: fed in."""
    voltages_dv: tuple[int, ...]
    """By phase, 0.1 V."""
    currents_ca: tuple[int, ...]
    """By phase, 0.01 A."""
    power_factor_e3: int | None
    frequency_chz: int | None
    prepaid: PrepaidReading | None
    energy_reverse_centikwh: int | None = None
    """Energy fed in; None on a model without that register."""
    energy_range_centikwh: int = 0
    """Primary energy after which the meter's counters begin again at 0; 0: not known."""
    raw: bytes = b""
    """The register bytes of the frames, in the order of the plan."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What decides about a money order: counter and totals as the meter holds them, with the registers as they came."""

    at: datetime
    purchase_count: int
    total_purchased_fen: int
    remaining_fen: int
    money_control: bool
    raw: bytes
    """The register bytes of the frames, in the order of the plan."""
    meter_clock: datetime | None = None
    """The meter's own clock: local, without zone; tells a repeated register picture from a new one."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """Clock and energy, which tell a new register picture from a repeated one."""

    at: datetime
    meter_clock: datetime | None
    """The meter's own clock: local, without zone."""
    energy_centikwh: int
    """Primary."""
    energy_range_centikwh: int
    """As in `MeterReading`."""


class ForcedControl(Enum):
    """What forced control may be told: (mode, state) as the two registers take them."""

    OFF = (0, 0)
    """Prepaid logic rules again."""
    CLOSED = (1, 0)
    """Supply is kept, whatever the credit."""
    OPEN = (1, 1)
    """Supply is off, whatever the credit."""
