"""Farms for tests: served from a thread of their own, with calls that are safe from the test's thread.

Owns the life of such farms, their clocks by name, and their section of a failure report. `plugin` chooses site and seed.
"""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar, cast

from anyio.from_thread import BlockingPortal, start_blocking_portal

from prewatt_fixtures.bounds import FRAMING, SettingRefused
from prewatt_fixtures.clock import Clock, ManualClock, RealClock, ScaledClock
from prewatt_fixtures.endpoints import Endpoint, Framing
from prewatt_fixtures.site import Site, load_site, shipped_sites
from prewatt_simulator.devices.device_view import ClimateView, TerminalView, WaterView
from prewatt_simulator.devices.meter_view import MeterView
from prewatt_simulator.errors import ClockNotManual, GatewayDialsOut, UnknownMeter
from prewatt_simulator.farm import Farm
from prewatt_simulator.faults import Faults
from prewatt_simulator.journal.export import text_line
from prewatt_simulator.journal.frames import timeline
from prewatt_simulator.journal.journal import Journal

START = datetime(2026, 1, 5, tzinfo=UTC)
"""Default start of a farm's clock: a Monday, 08:00 in Shanghai."""

JOURNAL_LINES_MAX = 40
"""Lines of each farm's journal in a failure report."""

ClockChoice = Clock | Literal["manual", "real"] | float
"""A clock, or how to make one: moved by hand, the machine's, or a multiple of its speed."""

T = TypeVar("T")


class MeterAddress(NamedTuple):
    """Host, TCP port and unit id of one meter."""

    host: str
    tcp: int
    unit: int


class MeterFarm:
    """A farm for one test.

    The first use of `endpoints` or `address` serves it on free TCP ports from a thread of its own; before that it runs
    in the test's thread. Every method may be called from any thread. `farm` is the farm itself, for tests without
    sockets (`farm.bus`, `farm.in_memory`).
    """

    def __init__(self, farm: Farm, framing: Framing) -> None:
        self.farm = farm
        self.framing = framing
        self._open = ExitStack()
        self._portal: BlockingPortal | None = None
        self._endpoints: tuple[Endpoint, ...] = ()

    @property
    def seed(self) -> int:
        """Seed of everything random in the farm."""
        return self.farm.seed

    @property
    def site(self) -> Site:
        """Site of the farm."""
        return self.farm.site

    @property
    def clock(self) -> Clock:
        """The farm's clock, for reading; `advance` moves it."""
        return self.farm.clock

    @property
    def journal(self) -> Journal:
        """Every request that reached a bus."""
        return self.farm.journal

    @property
    def faults(self) -> Faults:
        """The rules in force; `add` and `remove` them at any time."""
        return self._on_thread(self.farm.faults)

    @property
    def meter_numbers(self) -> tuple[str, ...]:
        """Numbers of all devices, in the site's order."""
        return self.farm.meter_numbers

    def meter(self, number: str) -> MeterView:
        """View of one energy meter. Raises `UnknownMeter`, and `WrongDeviceKind` for another device."""
        return self._on_thread(self.farm.meter(number))

    def water_meter(self, number: str) -> WaterView:
        """View of one water meter; raises as `meter`."""
        return self._on_thread(self.farm.water_meter(number))

    def terminal(self, number: str) -> TerminalView:
        """View of one remote terminal, with settable contacts; raises as `meter`."""
        return self._on_thread(self.farm.terminal(number))

    def climate(self, number: str) -> ClimateView:
        """View of one climate controller, with settable air; raises as `meter`."""
        return self._on_thread(self.farm.climate(number))

    def do(self, work: Callable[[Farm], T]) -> T:
        """Call `work(farm)` between two requests and return its result."""
        return self._call(partial(work, self.farm))

    def advance(self, seconds: float) -> None:
        """Move a manual clock forward; pending timers due in between fire. Raises `ClockNotManual` for another clock."""
        clock = self.farm.clock
        if not isinstance(clock, ManualClock):
            raise ClockNotManual(clock)
        self._call(partial(clock.advance, seconds))

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Endpoints of the buses; the first use serves them."""
        if self._portal is None:
            self._serve()
        return self._endpoints

    def address(self, number: str) -> MeterAddress:
        """Address of one meter. Raises `UnknownMeter`, and `GatewayDialsOut` when its gateway dials out."""
        placed = next((placed for placed in self.site.meters if placed.number == number), None)
        if placed is None:
            raise UnknownMeter(number)
        if (placed.gateway, placed.port) in self.site.dials:
            raise GatewayDialsOut(number)
        bus = next(e for e in self.endpoints if (e.gateway, e.port) == (placed.gateway, placed.port))
        return MeterAddress(bus.host, bus.tcp, placed.bus_address)

    def close(self) -> None:
        """Drop every connection and free the ports."""
        self._portal = None
        self._open.close()

    def report(self) -> str:
        """Section of a failure report: site, clock, seed and the last lines of the journal."""
        seen = timeline(self.journal)
        shown = seen[-JOURNAL_LINES_MAX:]
        lines = [
            f"site {self.site.project.code} {self.site.project.name}, clock at {self.clock.now():%Y-%m-%d %H:%M:%S} UTC",
            f"the same again: --meter-farm-seed={self.seed}",
            f"the last {len(shown)} of {len(seen)} lines of the journal:"
            if seen
            else "nobody asked anything",
        ]
        return "\n".join([*lines, *map(text_line, shown)])

    def _serve(self) -> None:
        portal = self._open.enter_context(start_blocking_portal(name="meter farm"))
        serving = self.farm.serving(framing=self.framing)
        self._endpoints = self._open.enter_context(portal.wrap_async_context_manager(serving))
        self._portal = portal

    def _call(self, work: Callable[[], T]) -> T:
        return work() if self._portal is None else self._portal.call(work)

    def _on_thread(self, target: T) -> T:
        return cast("T", _ThreadProxy(target, self._call))


class _ThreadProxy:
    """Proxy that reads, sets and calls every attribute of an object in the farm's thread."""

    def __init__(self, target: object, call: Callable[[Callable[[], Any]], Any]) -> None:
        # past `__setattr__` below, which would set them on the target
        object.__setattr__(self, "_target", target)
        object.__setattr__(self, "_call", call)

    def __getattr__(self, name: str) -> Any:
        found = self._call(partial(getattr, self._target, name))
        return self._method(found) if callable(found) else found

    def __setattr__(self, name: str, value: object) -> None:
        self._call(partial(setattr, self._target, name, value))

    def _method(self, method: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args, **keywords: self._call(partial(method, *args, **keywords))


class MeterFarmFactory:
    """Builds farms from one seed; `close` closes all of them."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._farms: list[MeterFarm] = []

    def __call__(
        self,
        site: str | Path | Site = "tiny",
        *,
        framing: Framing = "rtu",
        seed: int | None = None,
        clock: ClockChoice = "manual",
        start: datetime = START,
        wire_timing: bool = False,
    ) -> MeterFarm:
        """Build a farm from a shipped site's name, a site file or a site, with RTU over TCP (`rtu`) or Modbus TCP (`tcp`).

        `clock` is `manual` (stands still until `advance`), `real`, a multiple of the machine's speed, or a clock;
        `start` is the start time of the first and the third, with an offset. `seed` defaults to the test's own.
        Raises `SettingRefused`, which names the keyword.
        """
        FRAMING.check("framing", framing)
        described = _load(str(site)) if isinstance(site, str | Path) else site
        farm = Farm(
            described,
            clock=_clock(clock, start),
            seed=self._seed if seed is None else seed,
            wire_timing=wire_timing,
            source=str(site) if isinstance(site, str | Path) else "site",
        )
        self._farms.append(MeterFarm(farm, framing))
        return self._farms[-1]

    def close(self) -> None:
        """Close every farm it has built."""
        with ExitStack() as stack:
            for farm in self._farms:
                stack.callback(farm.close)

    def report(self) -> list[str]:
        """Section of a failure report for each farm. Never raises: pytest would end the whole run."""
        return [_reported(farm) for farm in self._farms]


def _reported(farm: MeterFarm) -> str:
    try:
        return farm.report()
    except Exception as reason:
        return f"this farm cannot be described: {reason!r}; its seed is {farm.seed}"


def _load(name_or_path: str) -> Site:
    return _shipped(name_or_path) if name_or_path in shipped_sites() else load_site(name_or_path)


@cache
def _shipped(name: str) -> Site:
    return load_site(name)


def _clock(choice: ClockChoice, start: datetime) -> Clock:
    if choice == "manual":
        return ManualClock(start)
    if choice == "real":
        return RealClock()
    if isinstance(choice, int | float):
        return ScaledClock(start, choice)
    if isinstance(choice, str) or not hasattr(choice, "sleep"):
        raise SettingRefused("clock", "manual, real, a speed or a clock", choice)
    return choice
