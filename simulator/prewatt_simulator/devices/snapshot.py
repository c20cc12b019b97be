"""Snapshot of a meter's registers as plain data: the state that survives a power cut.

Contains counters and everything written to the meter. Leaves out what the site file says (loads), contacts, outputs,
the environment of sensors, and time: a farm that was off consumed nothing.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from prewatt_fixtures.bounds import shown
from prewatt_fixtures.measurements import Measurement
from prewatt_fixtures.rates import DayTable, RateCalendar, YearZones
from prewatt_simulator.devices.device import Meter
from prewatt_simulator.devices.energy import demand
from prewatt_simulator.devices.energy.clock import datetime_of
from prewatt_simulator.devices.energy.history import Frozen, Peak
from prewatt_simulator.devices.energy.meter import EnergyMeter
from prewatt_simulator.devices.prepaid import snapshot as prepaid_snapshot
from prewatt_simulator.devices.prepaid.meter import PrepaidMeter
from prewatt_simulator.devices.snapshot_rows import check
from prewatt_simulator.devices.water import WaterMeter
from prewatt_simulator.errors import StateError

_WATER = ("volume_ml", "reverse_litres", "valve_open")


def take(meter: Meter) -> dict[str, Any]:
    """State of a settled meter as JSON-able data for `restore`."""
    kept: dict[str, Any] = {
        "model": meter.profile.model,
        "settings": {
            measurement.key: value.hex() if isinstance(value, bytes) else value
            for measurement, value in meter.settings.items()
        },
    }
    if isinstance(meter, EnergyMeter):
        kept |= _take_energy(meter)
    if isinstance(meter, PrepaidMeter):
        kept |= prepaid_snapshot.take(meter)
    if isinstance(meter, WaterMeter):
        kept |= {name: getattr(meter, name) for name in _WATER}
    return kept


def restore(meter: Meter, kept: Any) -> None:
    """Set the meter to the state in `kept`. Raises `StateError` when that is of another model or damaged.

    The meter is then no longer of use: restore a copy, and replace the meter with it.
    """
    model = kept.get("model") if isinstance(kept, Mapping) else None
    if isinstance(model, str) and model != meter.profile.model:
        raise StateError(f"meter {meter.number} was kept as a {shown(model)}, not a {meter.profile.model}")
    check(meter, kept)
    try:
        meter.settings = {
            Measurement.of(key): _value(meter, Measurement.of(key), value)
            for key, value in kept["settings"].items()
        }
        if isinstance(meter, EnergyMeter):
            _restore_energy(meter, kept)
        if isinstance(meter, PrepaidMeter):
            prepaid_snapshot.restore(meter, kept)
        if isinstance(meter, WaterMeter):
            for name in _WATER:
                setattr(meter, name, kept[name])
    except (KeyError, ValueError) as wrong:
        raise StateError(f"what was kept of meter {meter.number} is damaged: {wrong}") from wrong


def _take_energy(meter: EnergyMeter) -> dict[str, Any]:
    return {
        "rates_mwh": list(meter.rates_mwh),
        "reverse_mwh": list(meter.reverse_mwh),
        "ct": meter.ct,
        "pt": meter.pt,
        "clock_ahead_ms": meter.clock.ahead_ms(meter.settled_ms),
        "clock_drift_ppm": meter.clock.drift_ppm,
        "zones": meter.calendar.zones.to_bytes().hex(),
        "tables": [table.to_bytes().hex() for table in meter.calendar.tables],
        "frozen": [_take_frozen(month) for month in meter.frozen],
        "peak": _take_peak(meter, demand.Flow.FORWARD),
        "reverse_peak": _take_peak(meter, demand.Flow.REVERSE),
    }


def _take_frozen(month: Frozen) -> dict[str, Any]:
    assert month.local is not None
    return {
        "local": month.local.isoformat(),
        "rates_mwh": list(month.rates_mwh),
        "reverse_mwh": list(month.reverse_mwh),
        "divisor": month.divisor,
    }


def _take_peak(meter: EnergyMeter, flow: demand.Flow) -> list[int] | None:
    """The month's maximum demand so far as watts and time, on meters that show one; else None."""
    if not meter.profile.has(Measurement.DEMAND_FORWARD_MAX):
        return None
    known = demand.peak(meter, flow)
    return [known.watt, known.local_ms]


def _restore_energy(meter: EnergyMeter, kept: Mapping[str, Any]) -> None:
    meter.rates_mwh = [int(energy) for energy in kept["rates_mwh"]]
    meter.reverse_mwh = [int(energy) for energy in kept["reverse_mwh"]]
    # not by `set_ratios`, which would convert the counters: they are primary energy already
    meter.ct, meter.pt = int(kept["ct"]), int(kept["pt"])
    meter.set_clock(datetime_of(meter.settled_ms + meter.clock.zone_ms + int(kept["clock_ahead_ms"])))
    meter.drift_clock(int(kept["clock_drift_ppm"]))
    tables = tuple(DayTable.from_bytes(bytes.fromhex(table)) for table in kept["tables"])
    if len(tables) != len(meter.calendar.tables):
        raise ValueError(f"tables: {len(meter.calendar.tables)} of them, not {len(tables)}")
    meter.set_calendar(RateCalendar(YearZones.from_bytes(bytes.fromhex(kept["zones"])), tables))
    meter.frozen = tuple(
        Frozen(
            datetime.fromisoformat(month["local"]),
            tuple(int(energy) for energy in month["rates_mwh"]),
            int(month["divisor"]),
            meter.profile,
            tuple(int(energy) for energy in month["reverse_mwh"]),
        )
        for month in kept["frozen"]
    )
    for flow in demand.Flow:
        if kept[flow.value] is not None:
            watt, local_ms = kept[flow.value]
            setattr(meter, flow.value, Peak(int(watt), int(local_ms), meter.settled_ms, meter.settled_ms))


def _value(meter: Meter, measurement: Measurement, kept: Any) -> Any:
    kept_as_hex = meter.profile.register(measurement).type.value == "bytes"
    value = bytes.fromhex(kept) if kept_as_hex else kept
    meter.check_setting(measurement, value)
    return value
