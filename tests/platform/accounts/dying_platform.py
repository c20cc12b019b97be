"""A platform that kills itself at the first top-up frame: `python dying_platform.py URL before|after`.

`before`: the plan is committed and the frame has not left. `after`: the frame has left and nobody waits for it.
"""

import asyncio
import os
import signal
import sys

from prewatt_fixtures.wire.pdu import VENDOR
from prewatt_platform.app import Platform
from prewatt_platform.field.transport import Connection, tcp_connect


class Deadly:
    """A connection that ends the process around its first frame of the vendor's function."""

    def __init__(self, inner: Connection, moment: str) -> None:
        self._inner = inner
        self._moment = moment

    async def write(self, data: bytes) -> None:
        top_up = data[1] == VENDOR
        if top_up and self._moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        await self._inner.write(data)
        if top_up:
            os.kill(os.getpid(), signal.SIGKILL)

    async def read(self) -> bytes:
        return await self._inner.read()

    def arrived(self) -> bytes | None:
        return self._inner.arrived()

    def close(self) -> None:
        self._inner.close()


async def main(url: str, moment: str) -> None:
    async def connect(host: str, tcp: int) -> Connection:
        return Deadly(await tcp_connect(host, tcp), moment)

    platform = Platform(url, connect=connect)
    await platform.start("collector")
    await asyncio.Event().wait()


asyncio.run(main(*sys.argv[1:]))
