"""Reads energy and credit of a DDSY1352-NK/F prepaid meter over Modbus TCP, with nothing but a socket."""

import socket
import struct
from dataclasses import dataclass

ENERGY_REGISTER = 0x0000
"""Two registers, 0.01 kWh."""
REMAINING_REGISTER = 0x021F
"""Two registers, signed, 0.01 yuan."""

READ_HOLDING = 3
ATTEMPTS = 2


class MeterSilent(Exception):
    """No answer, asked twice."""


class MeterRefused(Exception):
    """The meter answered with an exception code."""


@dataclass(frozen=True)
class Reading:
    """What a meter says of itself."""

    energy_centikwh: int
    remaining_fen: int


class MeterReader:
    """Reads the meters behind one serial server, a fresh connection for each question."""

    def __init__(self, host: str, port: int, timeout_s: float = 1.5) -> None:
        self._server = (host, port)
        self._timeout_s = timeout_s

    def read(self, unit: int) -> Reading:
        """A whole reading; `MeterSilent` or `MeterRefused` when there is none to be had."""
        (energy,) = struct.unpack(">I", self._registers(unit, ENERGY_REGISTER, 2))
        (remaining,) = struct.unpack(">i", self._registers(unit, REMAINING_REGISTER, 2))
        return Reading(energy, remaining)

    def _registers(self, unit: int, start: int, count: int) -> bytes:
        for _ in range(ATTEMPTS):
            try:
                return self._ask(unit, start, count)
            except TimeoutError:
                continue
        raise MeterSilent(f"unit {unit} did not answer {ATTEMPTS} times")

    def _ask(self, unit: int, start: int, count: int) -> bytes:
        request = struct.pack(">HHHBBHH", 1, 0, 6, unit, READ_HOLDING, start, count)
        with socket.create_connection(self._server, self._timeout_s) as connection:
            connection.sendall(request)
            with connection.makefile("rb") as answers:
                _, _, length, _, function = struct.unpack(">HHHBB", answers.read(8))
                body = answers.read(length - 2)
        if function != READ_HOLDING:
            raise MeterRefused(f"unit {unit} answered with exception {body[0]}")
        return body[1:]
