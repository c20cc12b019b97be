"""Keys of a meter's state in a state file, with their types and ranges: checked before anything of it is restored."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from prewatt_fixtures.bounds import TRUTH, whole
from prewatt_fixtures.validation import expected_words
from prewatt_simulator.devices.device import Meter
from prewatt_simulator.devices.energy.meter import EnergyMeter
from prewatt_simulator.devices.prepaid.meter import PrepaidMeter
from prewatt_simulator.devices.water import WaterMeter
from prewatt_simulator.errors import StateError

_COUNTS_MAX = 10**24
"""Beyond any counter in the finest unit, which registers show by their own digits."""
_CENTURY_MS = 100 * 366 * 86_400_000


def _local(text: str) -> str:
    if datetime.fromisoformat(text).tzinfo is not None:
        raise ValueError(f"a local time without an offset, not {text!r}")
    return text


def _hexadecimal(text: str) -> str:
    bytes.fromhex(text)
    return text


Truth = Annotated[bool, TRUTH]
Count = Annotated[int, whole("a whole number", 0, _COUNTS_MAX)]
Amount = Annotated[int, whole("a whole number", -_COUNTS_MAX, _COUNTS_MAX)]
Word = Annotated[int, whole("a whole number", 0, 0xFFFF)]
Price = Annotated[int, whole("a price", 0, 0xFFFF_FFFF)]
Ratio = Annotated[int, whole("a whole number", 1, 9999)]
Hex = Annotated[str, AfterValidator(_hexadecimal)]
Rates = Annotated[list[Count], Field(min_length=4, max_length=4)]
Milliseconds = Annotated[int, whole("milliseconds", -_CENTURY_MS, _CENTURY_MS)]
LocalMs = Annotated[int, whole("milliseconds since 1970", 0, 3 * _CENTURY_MS)]
Demand = tuple[Count, LocalMs]


class _State(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Device(_State):
    model: str
    settings: dict[str, int | str]


class _Water(_Device):
    volume_ml: Count
    reverse_litres: Count
    valve_open: Truth


class _Frozen(_State):
    local: Annotated[str, AfterValidator(_local)]
    rates_mwh: Rates
    reverse_mwh: Rates
    divisor: Annotated[int, whole("a whole number", 1, _COUNTS_MAX)]


class _Energy(_Device):
    rates_mwh: Rates
    reverse_mwh: Rates
    ct: Ratio
    pt: Ratio
    clock_ahead_ms: Milliseconds
    clock_drift_ppm: Annotated[int, whole("parts in a million", -100_000, 100_000)]
    zones: Hex
    tables: Annotated[list[Hex], Field(min_length=1)]
    frozen: list[_Frozen]
    peak: Demand | None
    reverse_peak: Demand | None


class _Steps(_State):
    on: Truth
    limits: tuple[Count, Count, Count]
    prices_e4: tuple[Price, Price, Price, Price]
    period: Literal[1, 2]


class _Prepaid(_Energy):
    money_on: Truth
    remaining_fine: Amount
    purchase_count: Word
    total_purchased_fen: Count
    last_top_up_fen: Amount | None
    base_counts: Amount
    overdraft_fen: Count
    hoarding_limit_fen: Count
    option: Word
    reminded: Truth
    step_used_mwh: Count
    step_period: Annotated[int, whole("a whole number", 0, 12 * 9999 + 12)]
    forced_mode: Word
    forced_state: Word
    prices_e4: tuple[Price, Price, Price, Price]
    alarms_fen: tuple[Amount, Amount]
    overload_w: Word
    steps: _Steps
    load_limits: Hex
    time_plan: Hex
    trip_count: Word
    load_holds_open: Truth
    recloses_in_ms: Milliseconds | None


_ROWS: Mapping[type[Meter], type[_Device]] = {
    PrepaidMeter: _Prepaid,
    EnergyMeter: _Energy,
    WaterMeter: _Water,
    Meter: _Device,
}
"""By kind of device, the narrower before the wider."""


def check(meter: Meter, kept: Any) -> None:
    """Raise `StateError` unless `kept` has the keys and ranges of such a meter's state."""
    row = next(row for kind, row in _ROWS.items() if isinstance(meter, kind))
    try:
        row.model_validate(kept)
    except ValidationError as wrong:
        first = wrong.errors()[0]
        key = ".".join(map(str, first["loc"])) or "state"
        raise StateError(f"meter {meter.number}: {key}: {expected_words(first)}") from wrong
