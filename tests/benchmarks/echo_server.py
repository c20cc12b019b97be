"""The floor: an asyncio protocol that answers every segment with the same bytes and looks at nothing.

Prints its port, then serves until it is killed.
"""

import asyncio
import sys
from typing import cast


class Echo(asyncio.Protocol):
    """Writes one prebuilt reply per segment."""

    reply = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._transport.write(self.reply)


async def main(reply: bytes) -> None:
    Echo.reply = reply
    server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(bytes.fromhex(sys.argv[1])))
