"""All buses of the field: who asks of which meter finds its bus here, opened when first needed."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from prewatt_fixtures.clock import Clock
from prewatt_platform.field.bus_lock import Priority
from prewatt_platform.field.driver import Lane
from prewatt_platform.field.errors import BusUnreachable
from prewatt_platform.field.master import Master, Traffic
from prewatt_platform.field.messages import BusAddress, MeterAddress, MeterReading
from prewatt_platform.field.settings import FieldSettings
from prewatt_platform.field.transport import Connect, tcp_connect


class Field:
    """Every bus that one collector speaks on. Buses are independent: a dead one delays no other."""

    def __init__(
        self, clock: Clock, *, settings: FieldSettings | None = None, connect: Connect = tcp_connect
    ) -> None:
        self._clock = clock
        self._settings = settings or FieldSettings()
        self._connect = connect
        self._masters: dict[BusAddress, Master] = {}
        self._closed = False

    async def read(self, meter: MeterAddress) -> MeterReading:
        """A whole reading, when the bus has no command to carry. The bus is held from the first frame to the last."""
        async with self._lane(meter, Priority.POLL) as lane:
            return await lane.read()

    @asynccontextmanager
    async def hold(self, meter: MeterAddress) -> AsyncIterator[Lane]:
        """The meter's bus, ahead of all polls and behind older commands, for the length of the block."""
        async with self._lane(meter, Priority.COMMAND) as lane:
            yield lane

    @property
    def traffic(self) -> Mapping[BusAddress, Traffic]:
        """Counters by bus."""
        return {bus: master.traffic for bus, master in self._masters.items()}

    async def close(self) -> None:
        """Close every connection; waiting and later requests fail."""
        self._closed = True
        for master in self._masters.values():
            master.close()

    @asynccontextmanager
    async def _lane(self, meter: MeterAddress, priority: Priority) -> AsyncIterator[Lane]:
        master = self._master(meter.bus)
        lane = Lane(meter, master, self._clock, self._settings)
        async with master.turn(priority):
            yield lane

    def _master(self, bus: BusAddress) -> Master:
        if self._closed:
            raise BusUnreachable(bus, "the field is closed")
        if bus not in self._masters:
            self._masters[bus] = Master(bus, self._clock, self._settings, self._connect)
        return self._masters[bus]
