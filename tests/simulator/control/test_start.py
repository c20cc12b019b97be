"""`prewatt sim run --control`: announced like a listener, served in the farm's own loop, and not loaded without it."""

import json
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from prewatt_fixtures.cli import main
from prewatt_fixtures.wire import rtu
from prewatt_fixtures.wire.pdu import read_holding

SERVERS = {"starlette", "uvicorn", "h11", "httptools"}
RUN_BRIEFLY = """
import sys
from prewatt_fixtures.cli import main
from prewatt_simulator.cli import console
def announced(*_, **__):
    import os, signal
    print("\\n".join(sys.modules))
    os.kill(os.getpid(), signal.SIGTERM)
console.announce = announced
from prewatt_simulator.cli import farm as cli
cli.announce = announced
main(["sim", "run", "tiny", "--base-port", "0", *sys.argv[1:]])
"""


def asked(url: str, path: str, method: str = "GET", body: Any = None) -> Any:
    request = urllib.request.Request(url + path, method=method, data=body and json.dumps(body).encode())  # noqa: S310 - our own
    with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - our own
        return json.loads(answer.read() or b"null")


def test_it_is_announced_and_acts_on_the_farm_that_is_served(running: Any) -> None:
    with running("tiny", "--speed", "0", "--control", "0") as rows:
        *endpoints, control = rows
        url = control["control"]
        assert asked(url, "/farm")["endpoints"] == endpoints
        asked(url, "/faults", "POST", {"kind": "exception", "code": 6, "count": 1})
        with socket.create_connection((endpoints[1]["host"], endpoints[1]["tcp"]), timeout=20) as client:
            client.sendall(rtu.encode(1, read_holding(0, 2)))
            assert client.recv(300) == rtu.encode(1, b"\x83\x06")
        (entry,) = asked(url, "/journal")["entries"]
        assert entry["fault"] == "exception-1"


def test_a_clock_that_runs_can_be_stopped(running: Any) -> None:
    with running("tiny", "--control", "0") as rows:
        url = rows[-1]["control"]
        assert asked(url, "/clock")["kind"] == "scaled"
        assert asked(url, "/clock/speed", "PUT", {"speed": 0})["speed"] == 0


def test_a_port_in_use_is_exit_2_and_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = CliRunner().invoke(main, ["sim", "run", "tiny", "--base-port", "0", "--control", str(port)])
    assert ended.exit_code == 2
    assert f"127.0.0.1 port {port}" in ended.stderr
    assert ended.stdout == ""


def test_the_url_is_printed() -> None:
    with subprocess.Popen(
        [
            str(Path(sys.executable).with_name("prewatt")),
            "sim",
            "run",
            "tiny",
            "--base-port",
            "0",
            "--control",
            "0",
        ],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().strip() for _ in range(5)]
        process.terminate()
        assert process.wait(timeout=20) == 0
    assert lines[3].startswith("control on http://127.0.0.1:")
    assert lines[4] == "ready"


def test_a_farm_without_control_loads_no_http_server() -> None:
    def loaded(*options: str) -> set[str]:
        told = subprocess.run(
            [sys.executable, "-c", RUN_BRIEFLY, *options],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return {module.partition(".")[0] for module in told.stdout.split()}

    assert loaded().isdisjoint(SERVERS)
    assert {"starlette", "uvicorn"} <= loaded("--control", "0")
