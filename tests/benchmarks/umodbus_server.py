"""umodbus's server with one device of 200 registers: a thread for each connection.

Prints its port, then serves until it is killed.
"""

import sys
from socketserver import ThreadingTCPServer

from umodbus.server.tcp import RequestHandler, get_server  # type: ignore[import-untyped]  # it ships none


def main(unit: int) -> None:
    app = get_server(ThreadingTCPServer, ("127.0.0.1", 0), RequestHandler)
    app.daemon_threads = True

    @app.route(slave_ids=[unit], function_codes=[3], addresses=list(range(200)))  # type: ignore[untyped-decorator]  # so
    def read(slave_id: int, function_code: int, address: int) -> int:
        return 4711

    print(app.server_address[1], flush=True)
    app.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))
