"""What the simulator's server costs over TCP, beside a bare asyncio echo of the same bytes and the servers of others.

One run, interleaved: every round asks each server in turn, in another order each time, so that all live through the
same weather. Server and load generator are pinned to different cores. A window in which something else took more
than 0.2 cores is measured again, a few times at most; the quietest is kept. Medians of the rounds are printed, and
how many of the kept windows were disturbed all the same.

The server under test is `prewatt sim run mingde` itself: live meters, bus queue and journal on, wire timing off, 40
registers of a meter that counts. Its goals are a share of the echo's rate, and of the CPU per request that pymodbus's
server adds on top of the echo. Ratios to pymodbus alone swing with the machine's system-call cost; they are printed.
"""

import contextlib
import importlib.util
import json
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.verdict import Verdict

from prewatt_fixtures.wire import mbap, rtu
from prewatt_fixtures.wire.pdu import read_holding

HERE = Path(__file__).parent
GATEWAY, UNIT = "001031", 1
REGISTERS = 40
SHARE_MAX = 1 / 6
"""Of the CPU per request that pymodbus's server adds on top of the echo, at most connections."""
RATE_MIN = {1: 0.85, 32: 0.75}
"""Of the echo's rate, by connections."""
FOREIGN_MAX = 0.2
REPEATS_MAX = 2
REPEATS_ALL_MAX = 36
"""Over the whole run, so that it ends within three minutes on the noisiest machine."""
SERVER_CORE, LOAD_CORE = 0, 1
FRAMINGS = ("tcp", "rtu")
CONNECTIONS = (1, 32)
HEAD_BYTES = {"tcp": 9, "rtu": 3}
"""Bytes of a reply up to the first register: they are the same whatever the meter counts."""


@dataclass
class Server:
    """One server process and what was measured of it, by number of connections."""

    name: str
    process: subprocess.Popen[str]
    port: int
    rates: dict[int, list[float]] = field(default_factory=dict)
    costs_us: dict[int, list[float]] = field(default_factory=dict)

    def rate(self, connections: int) -> float:
        """Requests per second."""
        return statistics.median(self.rates[connections])

    def cost_us(self, connections: int) -> float:
        """CPU per request."""
        return statistics.median(self.costs_us[connections])


@dataclass
class Weather:
    """How quiet the machine was."""

    kept: int = 0
    repeated: int = 0
    disturbed: int = 0


def measure(quick: bool) -> list[Verdict]:
    """Print a table for each framing."""
    rounds, seconds = (2, 0.5) if quick else (4, 1.0)
    if len(os.sched_getaffinity(0)) < 2:
        print("one core only: server and load share it, so requests per second mean little", file=sys.stderr)
    weather = Weather()
    verdicts = []
    for framing in FRAMINGS:
        verdicts += compare(framing, rounds, seconds, weather)
    print(
        f"\n{weather.kept} windows kept, {weather.repeated} repeated, {weather.disturbed} of those kept disturbed"
    )
    return verdicts


def compare(framing: str, rounds: int, seconds: float, weather: Weather) -> list[Verdict]:
    """Measure all servers and print their table."""
    request = encode(framing, read_holding(0, REGISTERS))
    with contextlib.ExitStack() as stack:
        ours = stack.enter_context(simulator(framing))
        reply = ask(ours.port, request)
        echo = stack.enter_context(helper("echo", "echo_server.py", reply.hex()))
        pymodbus = stack.enter_context(helper("pymodbus", "pymodbus_server.py", framing, str(UNIT)))
        servers = [echo, ours, pymodbus, *(stack.enter_context(each) for each in others(framing, stack))]
        order = random.Random(1)
        for _ in range(rounds):
            for connections in CONNECTIONS:
                for server in order.sample(servers, len(servers)):
                    take_window(server, connections, request, framing, seconds, weather)
    print_table(framing, servers)
    floor, mine, theirs = (server.cost_us(CONNECTIONS[-1]) for server in (echo, ours, pymodbus))
    return [
        Verdict(
            f"{framing}: CPU above the echo, x pymodbus",
            (mine - floor) / (theirs - floor),
            "at most",
            SHARE_MAX,
        ),
        *(
            Verdict(
                f"{framing}: requests/s at {connections} connection(s), x echo",
                ours.rate(connections) / echo.rate(connections),
                "at least",
                RATE_MIN[connections],
            )
            for connections in CONNECTIONS
        ),
    ]


def others(framing: str, stack: contextlib.ExitStack) -> Iterator[contextlib.AbstractContextManager[Server]]:
    """The servers that speak Modbus TCP only, as far as they are here."""
    if framing != "tcp":
        return
    yield helper("pyModbusTCP", "pymodbustcp_server.py")
    if importlib.util.find_spec("umodbus") is None:
        print("umodbus is not installed")
    else:
        yield helper("umodbus", "umodbus_server.py", str(UNIT))
    built = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "libmodbus_server"
    if build_libmodbus(built):
        yield program("libmodbus", [str(built)])
    else:
        print("libmodbus (or a C compiler) is not installed")


def build_libmodbus(target: Path) -> bool:
    """Whether the C server could be built against the library as it is installed."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        return False
    command = [compiler, "-O2", "-o", str(target), str(HERE / "libmodbus_server.c"), "-l:libmodbus.so.5"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def encode(framing: str, pdu: bytes) -> bytes:
    return rtu.encode(UNIT, pdu) if framing == "rtu" else mbap.encode(1, UNIT, pdu)


def ask(port: int, request: bytes) -> bytes:
    """One reply, for the echo to repeat."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(request)
        time.sleep(0.1)
        return client.recv(4096)


@contextlib.contextmanager
def simulator(framing: str) -> Iterator[Server]:
    """`prewatt sim run mingde` on free ports."""
    command = [
        str(Path(sys.executable).with_name("prewatt")),
        "sim",
        "run",
        "mingde",
        "--base-port",
        "0",
        "--json",
    ]
    with started([*command, "--no-wire-timing", "--protocol", framing]) as process:
        assert process.stdout is not None
        rows = iter(json.loads(line) for line in process.stdout)
        port = next(row["tcp"] for row in rows if row.get("gateway") == GATEWAY)
        next(row for row in rows if row.get("ready"))
        yield Server("prewatt", process, port)


def helper(name: str, script: str, *arguments: str) -> contextlib.AbstractContextManager[Server]:
    """A server script of this folder."""
    return program(name, [sys.executable, str(HERE / script), *arguments])


@contextlib.contextmanager
def program(name: str, command: list[str]) -> Iterator[Server]:
    """A server that prints its port."""
    with started(command) as process:
        assert process.stdout is not None
        yield Server(name, process, int(process.stdout.readline()))


@contextlib.contextmanager
def started(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        pin(process, SERVER_CORE)
        try:
            yield process
        finally:
            process.terminate()


def pin(process: subprocess.Popen[str], core: int) -> None:
    if core in os.sched_getaffinity(0):
        os.sched_setaffinity(process.pid, {core})


def take_window(
    server: Server, connections: int, request: bytes, framing: str, seconds: float, weather: Weather
) -> None:
    """Measure one window, again while it is disturbed, and keep the quietest."""
    windows = [window(server, connections, request, framing, seconds)]
    while (
        windows[-1]["foreign"] > FOREIGN_MAX * seconds
        and len(windows) <= REPEATS_MAX
        and weather.repeated < REPEATS_ALL_MAX
    ):
        weather.repeated += 1
        windows.append(window(server, connections, request, framing, seconds))
    best = min(windows, key=lambda taken: taken["foreign"])
    weather.kept += 1
    weather.disturbed += best["foreign"] > FOREIGN_MAX * seconds
    server.rates.setdefault(connections, []).append(best["requests"] / best["seconds"])
    server.costs_us.setdefault(connections, []).append(best["server"] / best["requests"] * 1e6)


def window(
    server: Server, connections: int, request: bytes, framing: str, seconds: float
) -> dict[str, float]:
    """One run of the load generator, in its own process."""
    options = {
        "port": server.port,
        "pid": server.process.pid,
        "connections": connections,
        "request": request.hex(),
        "reply": ask(server.port, request).hex(),
        "head": HEAD_BYTES[framing],
        "seconds": seconds,
        "warm-up": seconds / 4,
    }
    command = [
        sys.executable,
        str(HERE / "generate_load.py"),
        *(f"--{key}={value}" for key, value in options.items()),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        pin(process, LOAD_CORE)
        out, _ = process.communicate(timeout=60)
    if process.returncode:
        raise SystemExit(f"no measurement of {server.name}")
    measured: dict[str, float] = json.loads(out)
    return measured


def print_table(framing: str, servers: list[Server]) -> None:
    """Requests per second and CPU per request, with ratios to the echo and to pymodbus."""
    echo, _, pymodbus, *_ = servers
    print(f"\n{framing} framing, {REGISTERS} registers")
    print(
        f"{'server':12}{'conns':>6}{'req/s':>10}{'x echo':>8}{'x pymodbus':>12}{'CPU us/req':>12}{'pymodbus/it':>13}"
    )
    for connections in CONNECTIONS:
        for server in servers:
            rate, cost_us = server.rate(connections), server.cost_us(connections)
            print(
                f"{server.name:12}{connections:6}{rate:10,.0f}{rate / echo.rate(connections):8.2f}"
                f"{rate / pymodbus.rate(connections):12.2f}{cost_us:12.2f}"
                f"{pymodbus.cost_us(connections) / cost_us:13.2f}"
            )
