"""Recording at a serial port, with a pseudo-terminal and a farm's bus at its other end."""

import asyncio
import os
import pty
from pathlib import Path
from typing import Any

import pytest

from prewatt_fixtures.site import load_site
from prewatt_fixtures.wire import rtu
from prewatt_fixtures.wire.pdu import read_holding
from prewatt_simulator.errors import SerialPortError
from prewatt_simulator.farm import Farm
from prewatt_simulator.recording import Recording, record
from prewatt_simulator.recording.serial_port import serial_gateway

pytestmark = pytest.mark.anyio
UNIT = 1


class _Meters:
    """The devices on the serial line: the second bus of site `tiny`."""

    def __init__(self, farm: Any) -> None:
        self._farm = farm
        self.master, slave = pty.openpty()
        self.path = Path(os.ttyname(slave))
        self._slave = slave
        self._stream = rtu.RequestStream()
        asyncio.get_running_loop().add_reader(self.master, self._read)

    def _read(self) -> None:
        for unit, request in self._stream.feed(os.read(self.master, 256)):
            reply, _ = self._farm.bus("000001", 2).exchange(unit, request, self._farm.clock.time())
            if reply:
                os.write(self.master, rtu.encode(unit, reply))

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self.master)
        os.close(self.master)
        os.close(self._slave)


async def test_a_client_reads_through_it_and_is_recorded(tmp_path: Path) -> None:
    meters = _Meters(Farm(load_site("tiny")))
    file = tmp_path / "serial.jsonl"
    try:
        async with (
            serial_gateway(meters.path, "000001", 2, baud=19200, parity="E") as endpoint,
            record(file, [endpoint], host="127.0.0.1", base_port=0) as recorder,
        ):
            (listening,) = recorder.endpoints
            reader, writer = await asyncio.open_connection(listening.host, listening.tcp)
            writer.write(rtu.encode(UNIT, read_holding(0, 2)))
            async with asyncio.timeout(20):
                reply = await reader.readexactly(9)
            writer.close()
        assert rtu.is_whole(reply)
        (exchange,) = Recording.load(file).exchanges
        assert (exchange.unit, exchange.request, exchange.reply) == (UNIT, read_holding(0, 2), reply[1:-2])
    finally:
        meters.close()


async def test_a_client_that_sends_faster_than_the_port_takes_loses_no_byte() -> None:
    master, slave = pty.openpty()
    data = bytes(range(256)) * 400
    async with serial_gateway(Path(os.ttyname(slave)), "000001", 1) as endpoint:
        _, writer = await asyncio.open_connection(endpoint.host, endpoint.tcp)
        writer.write(data)
        heard = b""
        async with asyncio.timeout(20):
            while len(heard) < len(data):
                heard += await asyncio.to_thread(os.read, master, 4096)
        writer.close()
    os.close(master)
    os.close(slave)
    assert heard == data


async def test_a_path_that_is_no_serial_port_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("", "utf-8")
    for path, reason in ((tmp_path / "none", "No such file"), (file, "no serial port")):
        with pytest.raises(SerialPortError, match=reason):
            async with serial_gateway(path, "000001", 1):
                pass


async def test_an_unknown_speed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SerialPortError, match="9600, 19200"):
        async with serial_gateway(tmp_path / "none", "000001", 1, baud=9601):
            pass
