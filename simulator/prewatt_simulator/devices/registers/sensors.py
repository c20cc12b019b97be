"""Register tables of remote terminals (ARTU) and climate controllers (WHD)."""

from collections.abc import Mapping

from prewatt_fixtures.measurements import CHANNELS, Measurement
from prewatt_fixtures.registers import Value
from prewatt_simulator.devices.layout import Apply, RefusedValue, ValueOf, Writer
from prewatt_simulator.devices.registers.values import COMMON_VALUES, setting_from
from prewatt_simulator.devices.sensors.climate import SWITCHES, ClimateController, Switch
from prewatt_simulator.devices.sensors.terminal import DEBOUNCE_MS, DEBOUNCE_START_MS, RemoteTerminal


def _outputs(terminal: RemoteTerminal, value: int) -> Apply:
    if value >> terminal.output_count:
        raise RefusedValue(value)
    return lambda: terminal.set_outputs(value)


def _debounce(terminal: RemoteTerminal, value: int) -> Apply:
    if value not in DEBOUNCE_MS:
        raise RefusedValue(value)
    return lambda: terminal.set(Measurement.DEBOUNCE, value)


TERMINAL_VALUES: Mapping[Measurement, ValueOf] = {
    **COMMON_VALUES,
    Measurement.INPUT_STATES: lambda terminal: terminal.inputs,
    Measurement.OUTPUT_STATES: lambda terminal: terminal.outputs,
    Measurement.CONTACT_STATES: lambda terminal: terminal.inputs << 8 | terminal.outputs,
    Measurement.DEBOUNCE: setting_from(Measurement.DEBOUNCE, lambda _: DEBOUNCE_START_MS),
    Measurement.CLOCK: setting_from(Measurement.CLOCK, lambda _: b""),
}
TERMINAL_WRITERS: Mapping[Measurement, Writer] = {
    Measurement.OUTPUT_STATES: _outputs,
    Measurement.DEBOUNCE: _debounce,
}


def _threshold(measurement: Measurement) -> Writer:
    def writer(controller: ClimateController, value: Value) -> Apply:
        return lambda: controller.set_threshold(measurement, value)

    return writer


def _threshold_of(switch: Switch) -> ValueOf:
    return lambda controller: controller.threshold(switch)


def _measured(name: str) -> dict[Measurement, ValueOf]:
    def value_of(channel: int) -> ValueOf:
        return lambda controller: getattr(controller.displayed_air(channel), name)

    return {Measurement.of(f"{name}_{channel}"): value_of(channel) for channel in CHANNELS}


CLIMATE_VALUES: Mapping[Measurement, ValueOf] = {
    **COMMON_VALUES,
    **_measured("temperature"),
    **_measured("humidity"),
    **{switch.threshold: _threshold_of(switch) for switch in SWITCHES},
    Measurement.HYSTERESIS: lambda controller: controller.hysteresis,
    Measurement.OUTPUT_STATES: lambda controller: controller.outputs,
    Measurement.SENSOR_FAULTS: lambda controller: sum(1 << channel - 1 for channel in controller.faulty),
}
CLIMATE_WRITERS: Mapping[Measurement, Writer] = {
    measurement: _threshold(measurement)
    for measurement in (*(switch.threshold for switch in SWITCHES), Measurement.HYSTERESIS)
}
