"""A farm: the devices of a site on their buses, with one clock, fault rules and a journal.

`Farm` is the Python interface of the simulator. It builds everything from a site; its base class `BusServer` serves it.
Everything random comes from one seed.
"""

import zlib
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from prewatt_fixtures.bounds import SEED, TRUTH, Bound, SettingRefused, shown
from prewatt_fixtures.clock import Clock, RealClock
from prewatt_fixtures.errors import SiteError
from prewatt_fixtures.profile import DeviceKind
from prewatt_fixtures.site import Site, SiteMeter
from prewatt_fixtures.wire.pdu import PDU_BYTES_MAX
from prewatt_simulator.devices import snapshot
from prewatt_simulator.devices.device import Meter
from prewatt_simulator.devices.device_view import ClimateView, TerminalView, WaterView
from prewatt_simulator.devices.energy.meter import EnergyMeter
from prewatt_simulator.devices.layout import Layout
from prewatt_simulator.devices.load import LoadError
from prewatt_simulator.devices.meter_view import MeterView
from prewatt_simulator.devices.prepaid.meter import PrepaidMeter
from prewatt_simulator.devices.registers.port import attached_devices
from prewatt_simulator.devices.registers.tables import TABLES
from prewatt_simulator.devices.segment import Segment
from prewatt_simulator.devices.sensors.climate import ClimateController
from prewatt_simulator.devices.sensors.terminal import RemoteTerminal
from prewatt_simulator.devices.water import WaterMeter
from prewatt_simulator.errors import FaultRuleError, StateError, UnknownMeter, WrongDeviceKind
from prewatt_simulator.faults import Faults, FaultTargets, fault_from
from prewatt_simulator.journal.journal import Journal
from prewatt_simulator.line.bus import Bus, Pace
from prewatt_simulator.line.listener import BusServer

_KINDS: Mapping[DeviceKind, type[EnergyMeter | WaterMeter | RemoteTerminal | ClimateController]] = {
    DeviceKind.ENERGY_METER: EnergyMeter,
    DeviceKind.WATER_METER: WaterMeter,
    DeviceKind.REMOTE_TERMINAL: RemoteTerminal,
    DeviceKind.CLIMATE_CONTROLLER: ClimateController,
}
_CLOCK: Bound[Clock] = Bound(
    "a clock", lambda value: all(hasattr(value, name) for name in ("time", "now", "sleep"))
)
_REQUEST: Bound[bytes] = Bound(
    f"bytes, 1 to {PDU_BYTES_MAX} of them",
    lambda value: isinstance(value, bytes) and 1 <= len(value) <= PDU_BYTES_MAX,
)
Device = TypeVar("Device", bound=Meter)
View = MeterView | WaterView | TerminalView | ClimateView


class Farm(BusServer):
    """A simulated site. Raises `SiteError` for wrong loads and faults, `SettingRefused` for a wrong argument.

    `source` names the site in errors. With `wire_timing`, frames take their time on the line; without, a request is
    answered at once. `journal` defaults to a new one.
    """

    def __init__(
        self,
        site: Site,
        *,
        clock: Clock | None = None,
        seed: int = 1,
        wire_timing: bool = False,
        source: str = "site",
        journal: Journal | None = None,
    ) -> None:
        if not isinstance(site, Site):
            raise SettingRefused("site", "a Site, as load_site returns it", site)
        self.site = site
        self.clock: Clock = RealClock() if clock is None else _CLOCK.check("clock", clock)
        self.seed = SEED.check("seed", seed)
        self.start = self.clock.now()
        self._source = source
        self._wire_timing = TRUTH.check("wire_timing", wire_timing)
        self._layouts: dict[str, Layout] = {}
        self._zone_ms = _zone_ms(site.project.timezone, self.clock)
        start_ms = self._now_ms
        self._meters = {placed.number: self._meter(placed, start_ms, source) for placed in site.meters}
        self.journal = Journal() if journal is None else journal
        self.faults = Faults(
            seed, FaultTargets(site.by_port.keys(), self._meters, wire_timing, site.dials.keys()), self.clock
        )
        self._add_faults(source)
        self._ports = {(each.number, port.port): port for each in site.gateways for port in each.ports}
        self._segments = {
            key: Segment(
                self._ports[key].baud,
                self._ports[key].parity,
                [self._meters[placed.number] for placed in placed_there],
            )
            for key, placed_there in site.by_port.items()
        }
        self._buses = {
            key: Bus(*key, attached_devices(segment), self.faults, self.journal)
            for key, segment in self._segments.items()
        }
        self.dials = site.dials
        self._idle_s = {
            (gateway.number, port.port): gateway.idle_s
            for gateway in site.gateways
            if gateway.idle_s
            for port in gateway.ports
        }
        for key, segment in self._segments.items():
            segment.on_port_set = partial(
                self._buses[key].attach_after_exchange, partial(attached_devices, segment)
            )

    @property
    def meter_numbers(self) -> tuple[str, ...]:
        """Numbers of all meters, in the site's order."""
        return tuple(self._meters)

    def meter(self, number: str) -> MeterView:
        """View of one energy meter. Raises `UnknownMeter`, and `WrongDeviceKind` for another device."""
        return MeterView(self._device(number, EnergyMeter, DeviceKind.ENERGY_METER), self.clock)

    def water_meter(self, number: str) -> WaterView:
        """View of one water meter. Raises `UnknownMeter`, `WrongDeviceKind`."""
        return WaterView(self._device(number, WaterMeter, DeviceKind.WATER_METER), self.clock)

    def terminal(self, number: str) -> TerminalView:
        """View of one remote terminal. Raises `UnknownMeter`, `WrongDeviceKind`."""
        return TerminalView(self._device(number, RemoteTerminal, DeviceKind.REMOTE_TERMINAL), self.clock)

    def climate(self, number: str) -> ClimateView:
        """View of one climate controller. Raises `UnknownMeter`, `WrongDeviceKind`."""
        return ClimateView(self._device(number, ClimateController, DeviceKind.CLIMATE_CONTROLLER), self.clock)

    def view(self, number: str) -> View:
        """View of any device. Raises `UnknownMeter`."""
        return _VIEWS[self._any_device(number).profile.kind](self, number)

    def ask(self, number: str, pdu: bytes) -> bytes:
        """Reply of a device to a request now, without bus, faults and journal. Raises `UnknownMeter`, `SettingRefused`."""
        reply = self._any_device(number).receive(_REQUEST.check("pdu", pdu), self.clock.time())
        # A write of port settings waits for the end of an exchange, and here there is none.
        self._attach()
        return reply

    def reset_devices(self) -> None:
        """Reset every device to the site file: counters, money, settings, loads, environment."""
        now_ms = self._now_ms
        for placed in self.site.meters:
            self._meters[placed.number].replace_with(self._meter(placed, now_ms, self._source))
        self._attach()

    def state(self) -> dict[str, Any]:
        """State of all devices now, as JSON-able data for `restore`. Changes nothing."""
        now_ms = self._now_ms
        present = {number: meter.copy() for number, meter in self._meters.items()}
        for meter in present.values():
            meter.settle(now_ms)
        return {
            "project": self.site.project.code,
            "meters": {number: snapshot.take(meter) for number, meter in present.items()},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Set the devices to `state`; those that it does not name keep theirs.

        Raises `StateError` when it is of another site, names a meter that this farm lacks, or is damaged; then all keep
        theirs.
        """
        meters = state.get("meters") if isinstance(state, Mapping) else None
        if not isinstance(meters, Mapping) or state.get("project") != self.site.project.code:
            raise StateError(f"this is no state of project {self.site.project.code}")
        restored = {number: self._restored(number, kept) for number, kept in meters.items()}
        for number, meter in restored.items():
            self._meters[number].replace_with(meter)
        self._attach()

    def _restored(self, number: str, kept: object) -> Meter:
        if number not in self._meters:
            raise StateError(f"the state holds meter {shown(number)}, which the site lacks")
        meter = self._meters[number].copy()
        meter.touch(self.clock.time())
        snapshot.restore(meter, kept)
        return meter

    def _attach(self) -> None:
        """Attach the devices to their buses at the addresses of their settings."""
        for key, segment in self._segments.items():
            self._buses[key].attach(attached_devices(segment))

    def _device(self, number: str, wanted: type[Device], kind: DeviceKind) -> Device:
        device = self._any_device(number)
        if not isinstance(device, wanted):
            raise WrongDeviceKind(number, device.profile.model, device.profile.kind, kind)
        return device

    def _any_device(self, number: str) -> Meter:
        device = self._meters.get(number) if isinstance(number, str) else None
        if device is None:
            raise UnknownMeter(number)
        return device

    @property
    def _now_ms(self) -> int:
        return int(self.clock.time() * 1000)

    def _meter(self, placed: SiteMeter, now_ms: int, source: str) -> Meter:
        kind = PrepaidMeter if placed.profile.prepaid else _KINDS[placed.profile.kind]
        layout = self._layouts.get(placed.profile.model)
        if layout is None:
            layout = self._layouts[placed.profile.model] = Layout(placed.profile, TABLES[kind])
        try:
            return kind(
                placed,
                layout,
                now_ms=now_ms,
                zone_ms=self._zone_ms,
                # a seed of its own for each device, so that adding one to a site changes no other
                seed=zlib.crc32(f"{self.seed}/{placed.number}".encode()) << 32 | self.seed & 0xFFFF_FFFF,
            )
        except LoadError as wrong:
            place = f"meter {placed.number}, load.shape"
            raise SiteError(source, f"meters.{placed.number}.load.shape", str(wrong), place) from wrong

    def _add_faults(self, source: str) -> None:
        for index, row in enumerate(self.site.faults):
            try:
                self.faults.add(fault_from(row))
            except FaultRuleError as wrong:
                line = self.site.fault_line(index)
                place = f"fault {index + 1}" + (f", in the table at line {line}" if line else "")
                raise SiteError(
                    source, f"faults.{index}.{wrong.key}", wrong.expected, f"{place}, {wrong.key}"
                ) from wrong
        self.faults.set_baseline()

    def _pace(self, gateway: str, port: int) -> Pace | None:
        if not self._wire_timing:
            return None
        return Pace(self._ports[gateway, port], f"{self.seed}/{gateway}/{port}")


_VIEWS: Mapping[DeviceKind, Callable[[Farm, str], View]] = {
    DeviceKind.ENERGY_METER: Farm.meter,
    DeviceKind.WATER_METER: Farm.water_meter,
    DeviceKind.REMOTE_TERMINAL: Farm.terminal,
    DeviceKind.CLIMATE_CONTROLLER: Farm.climate,
}


def _zone_ms(timezone: str, clock: Clock) -> int:
    offset = clock.now().astimezone(ZoneInfo(timezone)).utcoffset()
    return (offset or timedelta()) // timedelta(milliseconds=1)
