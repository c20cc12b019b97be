"""The demo's own eyes on a bus: registers of a meter, read by pymodbus's client, which shares no code with the platform.

Only the addresses are shared, the profile's. Each look is a connection of its own, so that no late reply of one is
taken for the next one's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pymodbus import FramerType, ModbusException
from pymodbus.client import AsyncModbusTcpClient

from prewatt_fixtures.endpoints import Endpoint
from prewatt_fixtures.measurements import Measurement
from prewatt_fixtures.site import Site, SiteMeter
from prewatt_fixtures.status import RELAY_CLOSED_BY_PHASE, StatusWord1
from prewatt_harness.errors import BusUnreadable

ANSWER_S_MAX: Final = 5.0

_FRAMERS: Final = {"rtu": FramerType.RTU, "tcp": FramerType.SOCKET}


@dataclass(frozen=True, slots=True)
class ProbeReading:
    """Registers of a prepaid meter, read by an independent client."""

    remaining_fen: int
    purchase_count: int
    total_purchased_fen: int
    forced_mode: int
    relay_closed: bool


class BusProbe:
    """Reads prepaid meters of a site where the farm listens."""

    def __init__(self, site: Site, endpoints: Sequence[Endpoint]) -> None:
        self._meters = {meter.number: meter for meter in site.meters}
        self._endpoints = {(endpoint.gateway, endpoint.port): endpoint for endpoint in endpoints}

    async def look(self, meter_number: str) -> ProbeReading:
        """Read the meter now; `BusUnreadable`."""
        meter = self._meters[meter_number]
        endpoint = self._endpoints[meter.gateway, meter.port]
        client = AsyncModbusTcpClient(
            endpoint.host,
            port=endpoint.tcp,
            framer=_FRAMERS[endpoint.framing],
            timeout=ANSWER_S_MAX,
            retries=0,
            reconnect_delay=0,
        )
        try:
            if not await client.connect():
                raise BusUnreadable(meter_number, f"no connection to {endpoint.host}:{endpoint.tcp}")
            return await _look(client, meter)
        except ModbusException as wrong:
            raise BusUnreadable(meter_number, str(wrong)) from wrong
        finally:
            client.close()


async def _look(client: AsyncModbusTcpClient, meter: SiteMeter) -> ProbeReading:
    status = StatusWord1(await _register(client, meter, Measurement.STATUS_WORD_1))
    return ProbeReading(
        remaining_fen=await _register(client, meter, Measurement.REMAINING),
        purchase_count=await _register(client, meter, Measurement.PURCHASE_COUNT),
        total_purchased_fen=await _register(client, meter, Measurement.TOTAL_PURCHASED),
        forced_mode=await _register(client, meter, Measurement.FORCED_MODE),
        relay_closed=all(phase in status for phase in RELAY_CLOSED_BY_PHASE[: meter.profile.phases]),
    )


async def _register(client: AsyncModbusTcpClient, meter: SiteMeter, measurement: Measurement) -> int:
    row = meter.profile.register(measurement)
    reply = await client.read_holding_registers(row.address, count=row.words, device_id=meter.bus_address)
    if reply.isError():
        raise BusUnreadable(meter.number, str(reply))
    value = row.decode(b"".join(register.to_bytes(2, "big") for register in reply.registers))
    assert isinstance(value, int), "credit, counts and codes are numbers"
    return value
