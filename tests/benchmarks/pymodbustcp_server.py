"""pyModbusTCP's server with a bank of 200 registers: a thread for each connection.

Prints its port, then serves until it is killed.
"""

import socket
import threading

from pyModbusTCP.server import DataBank, ModbusServer  # type: ignore[import-untyped]  # it ships none


def main() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    server = ModbusServer("127.0.0.1", port, no_block=True, data_bank=DataBank(h_regs_size=200))
    server.start()
    print(port, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
