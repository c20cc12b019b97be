"""Commands of function 20H that set a prepaid meter's controllers.

Every command is applied whole or not at all. A command for another number of phases is answered with out of range.
"""

from dataclasses import replace

from prewatt_fixtures.load_limits import LoadLimits, PhaseLimits
from prewatt_fixtures.time_control import PhasePlan, TimePlan
from prewatt_fixtures.wire.vendor import VendorResult
from prewatt_fixtures.wire.vendor_controls import (
    ClearTrips,
    Control,
    ForcedControl,
    LimitsChange,
    LoadControl,
    PlanChange,
    TimeControl,
)
from prewatt_simulator.devices.prepaid.load_control import NO_TRIPS
from prewatt_simulator.devices.prepaid.meter import PrepaidMeter

_OFF_BITS = 0x0F
_SWITCH_MAX = {1: 1, 3: _OFF_BITS}
"""Largest switch value of load control, by number of phases."""


def control(meter: PrepaidMeter, command: Control) -> VendorResult:
    """Execute a command and return its result."""
    match command:
        case LoadControl():
            return _load_control(meter, command)
        case TimeControl():
            return _time_control(meter, command)
        case ForcedControl():
            return _forced_control(meter, command)
        case ClearTrips():
            meter.trips = NO_TRIPS
            return VendorResult.DONE


def _forced_control(meter: PrepaidMeter, command: ForcedControl) -> VendorResult:
    """Force all phases of the meter, or none: they share one relay."""
    own, foreign = set(command.phases[: meter.profile.phases]), command.phases[meter.profile.phases :]
    if any(foreign) or len(own) != 1:
        return VendorResult.OUT_OF_RANGE
    forced = own.pop()
    if forced is not None:
        meter.force(forced.on, int(forced.is_open))
    return VendorResult.DONE


def _load_control(meter: PrepaidMeter, command: LoadControl) -> VendorResult:
    limits = meter.load_limits
    switch = limits.switch if command.switch is None else command.switch
    if len(command.phases) != len(limits.phases) or switch > _SWITCH_MAX[len(limits.phases)]:
        return VendorResult.OUT_OF_RANGE
    changed = zip(limits.phases, command.phases, strict=True)
    meter.set_load_control(
        meter.overload_w, LoadLimits(switch, tuple(_with_limits_change(*pair) for pair in changed))
    )
    return VendorResult.DONE


def _time_control(meter: PrepaidMeter, command: TimeControl) -> VendorResult:
    plan = meter.time_plan
    switch = plan.switch if command.switch is None else command.switch
    if len(command.phases) != len(plan.phases) or switch > _OFF_BITS:
        return VendorResult.OUT_OF_RANGE
    changed = zip(plan.phases, command.phases, strict=True)
    meter.set_time_plan(TimePlan(tuple(_with_plan_change(*pair) for pair in changed), switch))
    return VendorResult.DONE


def _with_plan_change(plan: PhasePlan, change: PlanChange) -> PhasePlan:
    return PhasePlan(
        plan.rest_days if change.rest_days is None else change.rest_days,
        change.rest or plan.rest,
        change.work or plan.work,
    )


def _with_limits_change(limits: PhaseLimits, change: LimitsChange) -> PhaseLimits:
    single = {
        name: value
        for name in ("max_w", "increment_w", "power_factor", "unnamed", "trips_allowed")
        if (value := getattr(change, name)) is not None
    }
    recovery_min, delay_s = change.times or (limits.recovery_min, limits.delay_s)
    return replace(limits, **single, recovery_min=recovery_min, delay_s=delay_s)
