"""Snapshot of a prepaid meter's credit, prices and controllers, beside the energy that `devices.snapshot` takes."""

from collections.abc import Mapping
from typing import Any

from prewatt_fixtures.load_limits import LoadLimits
from prewatt_fixtures.time_control import TimePlan
from prewatt_simulator.devices.prepaid.load_control import Trips
from prewatt_simulator.devices.prepaid.meter import PrepaidMeter
from prewatt_simulator.devices.prepaid.steps import StepTariff

_NUMBERS = (
    "money_on",
    "remaining_fine",
    "purchase_count",
    "total_purchased_fen",
    "last_top_up_fen",
    "base_counts",
    "overdraft_fen",
    "hoarding_limit_fen",
    "option",
    "reminded",
    "step_used_mwh",
    "step_period",
    "forced_mode",
    "forced_state",
)
_TUPLES = ("prices_e4", "alarms_fen")


def take(meter: PrepaidMeter) -> dict[str, Any]:
    """Credit, prices and controllers as JSON-able data.

    Pending waits are durations, because time does not pass while a farm is off.
    """
    recloses_ms = meter.trips.recloses_ms
    return {
        **{name: getattr(meter, name) for name in _NUMBERS},
        **{name: list(getattr(meter, name)) for name in _TUPLES},
        "overload_w": meter.overload_w,
        "steps": {
            "on": meter.step_tariff.on,
            "limits": list(meter.step_tariff.limits),
            "prices_e4": list(meter.step_tariff.prices_e4),
            "period": meter.step_tariff.period,
        },
        "load_limits": meter.load_limits.to_bytes().hex(),
        "time_plan": meter.time_plan.to_bytes().hex(),
        "trip_count": meter.trips.count,
        "load_holds_open": meter.trips.holds_open,
        "recloses_in_ms": None if recloses_ms is None else recloses_ms - meter.settled_ms,
    }


def restore(meter: PrepaidMeter, kept: Mapping[str, Any]) -> None:
    """Set credit, prices and controllers. Raises `KeyError`, `TypeError` or `ValueError` when `kept` is damaged."""
    for name in _NUMBERS:
        setattr(meter, name, kept[name])
    for name in _TUPLES:
        setattr(meter, name, tuple(kept[name]))
    _restore_steps(meter, kept)
    _restore_controllers(meter, kept)


def _restore_steps(meter: PrepaidMeter, kept: Mapping[str, Any]) -> None:
    steps = kept["steps"]
    meter.step_tariff = StepTariff(
        bool(steps["on"]), tuple(steps["limits"]), tuple(steps["prices_e4"]), int(steps["period"])
    )


def _restore_controllers(meter: PrepaidMeter, kept: Mapping[str, Any]) -> None:
    limits = LoadLimits.from_bytes(bytes.fromhex(kept["load_limits"]))
    plan = TimePlan.from_bytes(bytes.fromhex(kept["time_plan"]))
    if not len(limits.phases) == len(plan.phases) == meter.profile.phases:
        raise ValueError(f"controllers of {len(limits.phases)} and {len(plan.phases)} phases")
    # trips before the limits: `set_load_control` keeps them or, without a limit, releases the relay
    meter.set_time_plan(plan)
    waits_ms = kept["recloses_in_ms"]
    meter.trips = Trips(
        int(kept["trip_count"]),
        bool(kept["load_holds_open"]),
        None if waits_ms is None else meter.settled_ms + int(waits_ms),
    )
    meter.set_load_control(int(kept["overload_w"]), limits)
