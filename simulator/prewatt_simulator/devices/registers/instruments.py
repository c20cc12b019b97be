"""Values of measuring instruments beyond the plain counters: reactive and phase energies, demand, quality, events.

Extends the table of `values`. Energies are read from a meter or from its counters frozen at a month's end, alike.
"""

from collections.abc import Callable, Mapping

from prewatt_fixtures.measurements import PHASES, RATES, Measurement
from prewatt_simulator.devices.energy import demand, months, quality
from prewatt_simulator.devices.energy.demand import Flow
from prewatt_simulator.devices.energy.meter import EnergyMeter
from prewatt_simulator.devices.layout import ValueOf
from prewatt_simulator.units import MWH_PER_CENTIKWH

_REACTIVE_SHARE = (341, 1000)
"""Reactive energy divided by active energy: the mean of tan φ over the power factors of `electrical`."""
_APPARENT_SHARE = (1000, 945)
"""Apparent power divided by active power at the mean power factor of `electrical`."""
_WHOLE = (1, 1)
_SIGNAL_DBM = -65


def _reactive(energy_mwh: int, meter: EnergyMeter) -> int:
    share, whole = _REACTIVE_SHARE
    return energy_mwh * share // whole // meter.divisor


def _reactive_energy(meter: EnergyMeter) -> int:
    return _reactive(meter.energy_mwh, meter)


def _reactive_rate_energy(rate: int) -> ValueOf:
    return lambda meter: _reactive(meter.rates_mwh[rate], meter) if rate < len(meter.rates_mwh) else 0


def _of_phase(whole: Callable[[EnergyMeter], int], phase: int) -> ValueOf:
    """The counter divided by the number of phases; 0 for phases that the meter lacks."""

    def value_of(meter: EnergyMeter) -> int:
        return whole(meter) // meter.profile.phases if phase < meter.profile.phases else 0

    return value_of


def _energy(meter: EnergyMeter) -> int:
    return meter.energy_mwh // meter.divisor


def _reverse(meter: EnergyMeter) -> int:
    return meter.reverse_energy_mwh // meter.divisor


def _reverse_reactive(meter: EnergyMeter) -> int:
    return _reactive(meter.reverse_energy_mwh, meter)


def _reverse_rate(rate: int) -> ValueOf:
    return lambda meter: meter.reverse_mwh[rate] // meter.divisor if rate < len(meter.reverse_mwh) else 0


def _reverse_reactive_rate(rate: int) -> ValueOf:
    return lambda meter: _reactive(meter.reverse_mwh[rate], meter) if rate < len(meter.reverse_mwh) else 0


def _demand(watt_of: Callable[[EnergyMeter], int], share: tuple[int, int] = _WHOLE) -> ValueOf:
    """A demand in watts on the side of the transformers that the registers show."""

    def value_of(meter: EnergyMeter) -> int:
        return watt_of(meter) * share[0] // share[1] // (meter.divisor // MWH_PER_CENTIKWH)

    return value_of


def _last_w(flow: Flow) -> Callable[[EnergyMeter], int]:
    return lambda meter: demand.last_w(meter, flow)


def _peak_w(flow: Flow) -> Callable[[EnergyMeter], int]:
    return lambda meter: demand.peak(meter, flow).watt


def _peak_at(flow: Flow) -> ValueOf:
    return lambda meter: demand.time_bytes(demand.peak(meter, flow).local_ms)


def _demands(flow: Flow, name: str) -> dict[Measurement, ValueOf]:
    """Last and maximum demand of one direction, active and reactive, and the times of the maximum."""
    return {
        Measurement.of(f"demand_{name}"): _demand(_last_w(flow)),
        Measurement.of(f"reactive_demand_{name}"): _demand(_last_w(flow), _REACTIVE_SHARE),
        Measurement.of(f"demand_{name}_max"): _demand(_peak_w(flow)),
        Measurement.of(f"reactive_demand_{name}_max"): _demand(_peak_w(flow), _REACTIVE_SHARE),
        Measurement.of(f"demand_{name}_max_at"): _peak_at(flow),
        Measurement.of(f"reactive_demand_{name}_max_at"): _peak_at(flow),
    }


def _by_phase(prefix: str, value: Callable[[int], ValueOf]) -> dict[Measurement, ValueOf]:
    return {Measurement.of(f"{prefix}_{letter}"): value(phase) for phase, letter in enumerate(PHASES)}


def _by_rate(prefix: str, value: Callable[[int], ValueOf]) -> dict[Measurement, ValueOf]:
    return {Measurement.of(f"{prefix}_{name}"): value(rate) for rate, name in enumerate(RATES[:4])}


def _distorted(meter: EnergyMeter, quantity: str, phase: int) -> int:
    return quality.distortion(meter.electrical(), quantity, phase, meter.seed, meter.moment)


def _quality(quantity: str) -> dict[Measurement, ValueOf]:
    return {
        **_by_phase(f"thd_{quantity}", lambda phase: lambda meter: _distorted(meter, quantity, phase)),
        **_by_phase(
            f"harmonics_{quantity}",
            lambda phase: lambda meter: quality.harmonics(_distorted(meter, quantity, phase)),
        ),
        Measurement.of(f"{quantity}_unbalance"): lambda meter: quality.unbalance(
            getattr(meter.electrical(), quantity)
        ),
    }


INSTRUMENT_VALUES: Mapping[Measurement, ValueOf] = {
    Measurement.REACTIVE_ENERGY_TOTAL: _reactive_energy,
    Measurement.REACTIVE_ENERGY_FORWARD: _reactive_energy,
    **_by_rate("reactive_energy_forward", _reactive_rate_energy),
    **_by_phase("energy", lambda phase: _of_phase(_energy, phase)),
    **_by_phase("energy_forward", lambda phase: _of_phase(_energy, phase)),
    **_by_phase("reactive_energy_forward", lambda phase: _of_phase(_reactive_energy, phase)),
    Measurement.ENERGY_REVERSE: _reverse,
    Measurement.REACTIVE_ENERGY_REVERSE: _reverse_reactive,
    **_by_rate("energy_reverse", _reverse_rate),
    **_by_rate("reactive_energy_reverse", _reverse_reactive_rate),
    **_by_phase("energy_reverse", lambda phase: _of_phase(_reverse, phase)),
    **_by_phase("reactive_energy_reverse", lambda phase: _of_phase(_reverse_reactive, phase)),
    Measurement.DEMAND_CYCLE: demand.cycle_quarters,
    **_demands(Flow.FORWARD, "forward"),
    **_demands(Flow.REVERSE, "reverse"),
    Measurement.APPARENT_DEMAND: _demand(demand.last_w, _APPARENT_SHARE),
    Measurement.FREEZE_TIME: months.freeze_time,
    **_quality("voltage"),
    **_quality("current"),
    **_by_phase("voltage_angle", lambda phase: lambda _: quality.voltage_angle(phase)),
    **_by_phase(
        "current_angle", lambda phase: lambda meter: quality.current_angle(meter.electrical(), phase)
    ),
    Measurement.CURRENT_VECTOR_SUM: lambda meter: quality.vector_sum(meter.electrical()),
    Measurement.SIGNAL_STRENGTH: lambda _: _SIGNAL_DBM,
    Measurement.LATEST_EVENT: lambda meter: meter.latest_event,
}
