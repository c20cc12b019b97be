"""Register tables by kind of device."""

from collections.abc import Mapping
from typing import Final

from prewatt_fixtures.wire.pdu import VENDOR
from prewatt_simulator.devices.device import Meter
from prewatt_simulator.devices.energy.meter import EnergyMeter
from prewatt_simulator.devices.layout import Tables
from prewatt_simulator.devices.prepaid.meter import PrepaidMeter
from prewatt_simulator.devices.registers import commands
from prewatt_simulator.devices.registers.port import PORT_WRITERS
from prewatt_simulator.devices.registers.sensors import (
    CLIMATE_VALUES,
    CLIMATE_WRITERS,
    TERMINAL_VALUES,
    TERMINAL_WRITERS,
)
from prewatt_simulator.devices.registers.values import ENERGY_VALUES, PREPAID_VALUES
from prewatt_simulator.devices.registers.water import WATER_VALUES, WATER_WRITERS
from prewatt_simulator.devices.registers.writes import ENERGY_WRITERS, PREPAID_WRITERS
from prewatt_simulator.devices.sensors.climate import ClimateController
from prewatt_simulator.devices.sensors.terminal import RemoteTerminal
from prewatt_simulator.devices.water import WaterMeter

TABLES: Final[Mapping[type[Meter], Tables]] = {
    EnergyMeter: Tables(ENERGY_VALUES, {**PORT_WRITERS, **ENERGY_WRITERS}),
    PrepaidMeter: Tables(PREPAID_VALUES, {**PORT_WRITERS, **PREPAID_WRITERS}, {VENDOR: commands.execute}),
    WaterMeter: Tables(WATER_VALUES, {**PORT_WRITERS, **WATER_WRITERS}),
    RemoteTerminal: Tables(TERMINAL_VALUES, {**PORT_WRITERS, **TERMINAL_WRITERS}),
    ClimateController: Tables(CLIMATE_VALUES, {**PORT_WRITERS, **CLIMATE_WRITERS}),
}
