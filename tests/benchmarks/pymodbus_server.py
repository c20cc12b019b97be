"""pymodbus's own server with one device of 200 registers, logging off, defaults otherwise.

Prints its port, then serves until it is killed.
"""

import asyncio
import sys
from typing import Any

from pymodbus import FramerType
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice


async def main(framing: str, unit: int) -> None:
    device = SimDevice(unit, simdata=[SimData(0, count=200, values=4711, datatype=DataType.REGISTERS)])
    framer = FramerType.RTU if framing == "rtu" else FramerType.SOCKET
    server = ModbusTcpServer(device, framer=framer, address=("127.0.0.1", 0))
    await server.serve_forever(background=True)
    listening: Any = server.transport
    print(listening.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
