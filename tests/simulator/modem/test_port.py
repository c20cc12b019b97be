"""The modem on its pseudo-terminal, used by a plain client like a serial port."""

import asyncio
import os
import re
import select
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from prewatt_fixtures.clock import ManualClock, ScaledClock
from prewatt_simulator.modem import Modem, SmsFault
from prewatt_simulator.modem.errors import PortOpen

pytestmark = pytest.mark.anyio

PATIENCE_S = 20.0
NUMBER = "+8613800138000"


def reference_in(told: bytes) -> int:
    found = re.search(rb"\+CMGS: ([0-9]+)\r\n", told)
    assert found, told
    return int(found[1])


class PlainClient:
    """A driver in the oldest manner: a file descriptor, termios and select."""

    def __init__(self, path: str) -> None:
        self.port = os.open(path, os.O_RDWR | os.O_NOCTTY)
        settings = termios.tcgetattr(self.port)
        settings[0] = settings[1] = settings[3] = 0
        settings[2] = termios.CS8 | termios.CREAD | termios.CLOCAL
        settings[4] = settings[5] = termios.B115200
        termios.tcsetattr(self.port, termios.TCSANOW, settings)

    def write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self.port, data) :]

    def read_until(self, end: bytes) -> bytes:
        heard = b""
        until_s = time.monotonic() + PATIENCE_S
        while not heard.endswith(end):
            ready, _, _ = select.select([self.port], [], [], until_s - time.monotonic())
            assert ready, f"only {heard!r}"
            heard += os.read(self.port, 1024)
        return heard

    def ask(self, command: bytes, end: bytes = b"OK\r\n") -> bytes:
        self.write(command)
        return self.read_until(end)

    def send(self, message: tuple[int, str]) -> int:
        """The reference of a message that was sent."""
        length, pdu = message
        self.ask(f"AT+CMGS={length}\r".encode(), end=b"> ")
        return reference_in(self.ask(f"{pdu}\x1a".encode()))

    def close(self) -> None:
        os.close(self.port)


@contextmanager
def opened(path: str) -> Iterator[PlainClient]:
    client = PlainClient(path)
    try:
        yield client
    finally:
        client.close()


async def test_a_client_sends_a_text_in_parts_and_gets_its_report(submit: Any) -> None:
    modem = Modem()
    texts = ["您的余额为20.00元,", "请及时充值。"]
    parts = [
        submit(NUMBER, text, ucs2=True, report=at == 2, part=(1, 2, at)) for at, text in enumerate(texts, 1)
    ]

    def drive(path: str) -> tuple[list[int], bytes]:
        with opened(path) as client:
            assert client.ask(b"ATE0\r") == b"ATE0\r\r\nOK\r\n"
            assert client.ask(b"AT+CMGF=0;+CNMI=2,0,0,1,0\r") == b"\r\nOK\r\n"
            references = [client.send(parts[0])]
            client.ask(f"AT+CMGS={parts[1][0]}\r".encode(), end=b"> ")
            told = client.ask(f"{parts[1][1]}\x1a".encode(), end=b"00\r\n")
            references.append(reference_in(told))
            return references, told

    async with modem.on_pty() as path:
        references, told = await asyncio.to_thread(drive, path)
        assert b"+CDS: 26\r\n" in told
        (message,) = modem.inbox
        assert (message.number, message.text, message.parts) == (NUMBER, "".join(texts), 2)
        assert list(message.references) == references
    with pytest.raises(FileNotFoundError):
        PlainClient(path)


async def test_a_client_may_open_the_port_again(submit: Any) -> None:
    async with (modem := Modem()).on_pty() as path:
        for _ in range(3):

            def drive() -> None:
                with opened(path) as client:
                    client.ask(b"AT\r")
                    client.send(submit(NUMBER, "hello"))

            await asyncio.to_thread(drive)
        assert len(await asyncio.wait_for(modem.inbox.wait_for(3), PATIENCE_S)) == 3


async def test_delays_are_on_the_modems_clock(jump_clock: Any, submit: Any) -> None:
    modem = Modem(jump_clock)
    modem.network.answer_s = 3600.0
    began_s = jump_clock.time()
    async with modem.on_pty() as path:
        with opened(path) as client:
            await asyncio.to_thread(client.send, submit(NUMBER, "hello"))
    assert modem.inbox[0].at.timestamp() == began_s + 3600


async def test_answers_without_delay_need_no_running_clock(submit: Any) -> None:
    modem = Modem(ScaledClock(Modem().clock.now(), speed=0))
    modem.network.answer_s = 0.05
    async with modem.on_pty() as path:
        with opened(path) as client:
            await asyncio.to_thread(client.send, submit(NUMBER, "hello"))
    assert len(modem.inbox) == 1


async def test_a_delayed_answer_waits_for_a_manual_clock(submit: Any) -> None:
    clock = ManualClock(Modem().clock.now())
    modem = Modem(clock)
    modem.network.add(SmsFault(kind="slow", delay_s=8))
    async with modem.on_pty() as path:
        with opened(path) as client:
            sending = asyncio.create_task(asyncio.to_thread(client.send, submit(NUMBER, "hello")))
            async with asyncio.timeout(PATIENCE_S):
                while modem.next_due_s is None:  # noqa: ASYNC110 - what is waited for sets no event
                    await asyncio.sleep(0.01)
            clock.advance(7)
            await asyncio.sleep(0)
            assert (len(modem.inbox), sending.done()) == (0, False)
            clock.advance(1)
            await asyncio.wait_for(sending, PATIENCE_S)
    assert len(modem.inbox) == 1


async def test_an_unplugged_modem_closes_the_port_and_returns_at_its_path() -> None:
    modem = Modem()
    async with modem.on_pty() as path:
        with opened(path) as client:
            await asyncio.to_thread(client.ask, b"AT\r")
            modem.unplug()
            with pytest.raises(OSError, match="Input/output error"):
                client.write(b"AT\r")
        with pytest.raises(FileNotFoundError):
            PlainClient(path)
        modem.plug_in()
        with opened(path) as client:
            assert await asyncio.to_thread(client.ask, b"AT\r") == b"AT\r\r\nOK\r\n"


async def test_a_modem_has_one_port() -> None:
    modem = Modem()
    async with modem.on_pty():
        with pytest.raises(PortOpen):
            async with modem.on_pty():
                pass
    async with modem.on_pty() as path:
        assert path


async def test_a_client_that_does_not_read_blocks_no_other_modem() -> None:
    """It types on and on and never reads; the modem beside it answers."""
    deaf, other = Modem(), Modem()
    async with deaf.on_pty() as deaf_path, other.on_pty() as path:
        with opened(deaf_path) as flooder, opened(path) as client:
            await asyncio.to_thread(flooder.write, b"AT+CSQ\r" * 20_000)
            assert await asyncio.to_thread(client.ask, b"AT\r") == b"AT\r\r\nOK\r\n"


async def test_unsolicited_results_reach_a_client_that_only_reads() -> None:
    modem = Modem()
    async with modem.on_pty() as path:
        with opened(path) as client:
            await asyncio.to_thread(client.ask, b"ATE0\r")
            await asyncio.to_thread(client.ask, b"AT+CREG=1;+CNMI=2,2\r")
            modem.network.signal = None
            assert await asyncio.to_thread(client.read_until, b"+CREG: 2\r\n") == b"\r\n+CREG: 2\r\n"
            modem.deliver("10086", "hello")
            modem.network.signal = 20
            told = await asyncio.to_thread(client.read_until, b"E8329BFD06\r\n")
            assert told.startswith(b"\r\n+CREG: 1\r\n\r\n+CMT: ,")
