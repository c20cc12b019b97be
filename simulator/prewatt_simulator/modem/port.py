"""Port of the modem: a pseudo-terminal at a path that stays the same when the modem is unplugged and plugged in.

Transports bytes and waits on the modem's clock. Output that a client does not read is lost beyond a bound, as on a
serial line without flow control.
"""

import asyncio
import contextlib
import os
import tempfile
import tty
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from prewatt_fixtures.clock import Clock

UNSENT_OCTETS_MAX = 65536
_READ_OCTETS = 4096


class Core(Protocol):
    """Interface of a modem for its port."""

    clock: Clock
    present: bool

    @property
    def next_due_s(self) -> float | None: ...
    def receive(self, data: bytes) -> None: ...
    def tick(self, due_s: float | None = None) -> None: ...
    def data_to_send(self) -> bytes: ...


class Port:
    """A pseudo-terminal during the block, inside a running event loop. Call `update` after every change of the modem."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._loop = asyncio.get_running_loop()
        self._folder = tempfile.TemporaryDirectory(prefix="prewatt-modem-")
        self._link = Path(self._folder.name) / "modem"
        self._ends: tuple[int, int] | None = None
        self._unsent = bytearray()
        self._due_s: float | None = None
        self._waiting: asyncio.Task[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()
        self._stop_waiting()
        self._folder.cleanup()

    @property
    def path(self) -> str:
        """Path of the pseudo-terminal that clients open."""
        return str(self._link)

    def update(self) -> None:
        """Open or close the port as the modem is plugged in or not, send its output, and set the timer."""
        if self._core.present and self._ends is None:
            self._open()
        elif not self._core.present:
            self._close()
        if self._ends is not None:
            self._unsent += self._core.data_to_send()
            del self._unsent[UNSENT_OCTETS_MAX:]
            self._send()
        self._wait()

    def _open(self) -> None:
        ours, theirs = os.openpty()
        tty.setraw(theirs)
        os.set_blocking(ours, False)
        self._link.symlink_to(os.ttyname(theirs))
        # The client's end stays open here too: otherwise its close would end ours with EIO.
        self._ends = (ours, theirs)
        self._loop.add_reader(ours, self._read)

    def _close(self) -> None:
        if self._ends is None:
            return
        ours, theirs = self._ends
        self._ends = None
        self._unsent.clear()
        self._loop.remove_reader(ours)
        self._loop.remove_writer(ours)
        self._link.unlink(missing_ok=True)
        os.close(ours)
        os.close(theirs)

    def _read(self) -> None:
        assert self._ends is not None
        with contextlib.suppress(BlockingIOError):
            self._core.receive(os.read(self._ends[0], _READ_OCTETS))

    def _send(self) -> None:
        assert self._ends is not None
        ours = self._ends[0]
        while self._unsent:
            try:
                sent = os.write(ours, self._unsent)
            except BlockingIOError:
                self._loop.add_writer(ours, self._send)
                return
            del self._unsent[:sent]
        self._loop.remove_writer(ours)

    def _wait(self) -> None:
        if self._core.next_due_s == self._due_s:
            return  # the timer for that moment runs already
        self._stop_waiting()
        self._due_s = self._core.next_due_s
        if self._due_s is not None:
            self._waiting = self._loop.create_task(self._wake(self._due_s))

    async def _wake(self, due_s: float) -> None:
        clock = self._core.clock
        await clock.sleep(max(0.0, due_s - clock.time()))
        self._waiting = self._due_s = None
        self._core.tick(due_s)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
        self._waiting = self._due_s = None
