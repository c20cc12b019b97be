"""How long a farm takes to stand up, and what a meter costs in memory.

Times are from the start of a process to the first right answer from its last bus, imports included, with byte code
written before, as installed packages have it. Memory is the resident set of a process with 10,000 meters whose billing
registers were read, above that of one with eight meters and a full journal: the journal is bounded, whatever the farm.
"""

import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.verdict import Verdict

from prewatt_fixtures.wire import mbap
from prewatt_fixtures.wire.pdu import read_holding
from prewatt_simulator.testing import MeterFarmFactory

METERS = 10_000
PREWATT = str(Path(sys.executable).with_name("prewatt"))
MEMORY_SCRIPT = Path(__file__).with_name("resident_memory.py")
ANSWER_S, ANSWER_MANY_S, FIXTURE_MS, BYTES_PER_METER = 0.5, 2.0, 50.0, 2048


def measure(quick: bool) -> list[Verdict]:
    """Print the times of every run; goals are for their medians."""
    runs = 3 if quick else 7
    with tempfile.TemporaryDirectory() as folder:
        big = str(Path(folder) / "many.toml")
        generate = [PREWATT, "sim", "generate", "--meters", str(METERS), "--seed", "1"]
        Path(big).write_bytes(subprocess.run(generate, check=True, capture_output=True).stdout)
        few_s = first_answers("mingde", runs)
        many_s = first_answers(big, runs)
        command = [sys.executable, str(MEMORY_SCRIPT), big]
        told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    fixture_ms = fixtures(runs * 3)
    per_meter = told["bytes"] / told["meters"]
    print(
        f"{METERS} meters: {told['bytes'] / 2**20:.1f} MiB above the small farm, {per_meter:.0f} bytes a meter"
    )
    return [
        Verdict("262 meters, process to first answer", statistics.median(few_s), "at most", ANSWER_S, "s"),
        Verdict(
            f"{METERS} meters, process to first answer",
            statistics.median(many_s),
            "at most",
            ANSWER_MANY_S,
            "s",
        ),
        Verdict("fixture for 262 meters", statistics.median(fixture_ms), "at most", FIXTURE_MS, "ms"),
        Verdict("memory of a meter", per_meter, "at most", BYTES_PER_METER, "bytes"),
    ]


def first_answers(site: str, runs: int) -> list[float]:
    """Seconds from start to answer, after one run that writes the byte code."""
    taken_s = [first_answer(site) for _ in range(runs + 1)][1:]
    print(f"{Path(site).name}: first answer after {', '.join(f'{taken:.2f}' for taken in sorted(taken_s))} s")
    return taken_s


def first_answer(site: str) -> float:
    """Seconds from the start of `prewatt sim run` to an answer from the last bus."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    command = [
        PREWATT,
        "sim",
        "run",
        site,
        "--base-port",
        "0",
        "--json",
        "--no-wire-timing",
        "--protocol",
        "tcp",
    ]
    began_s = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        try:
            tcp = 0
            for line in process.stdout:
                row = json.loads(line)
                if row.get("ready"):
                    break
                tcp = row["tcp"]
            with contextlib.closing(socket.create_connection(("127.0.0.1", tcp), timeout=10)) as client:
                client.sendall(mbap.encode(1, 1, read_holding(0, 1)))
                assert client.recv(64)[7] == 3
            return time.perf_counter() - began_s
        finally:
            process.terminate()


def fixtures(runs: int) -> list[float]:
    """Milliseconds to have a farm of 262 meters listening on free ports, and to close it, site file read before."""
    taken_ms = []
    for _ in range(runs + 1):
        began_s = time.perf_counter()
        factory = MeterFarmFactory(seed=1)
        assert factory("mingde").endpoints
        taken_ms.append((time.perf_counter() - began_s) * 1000)
        factory.close()
    taken_ms = taken_ms[1:]
    print(f"fixture for 262 meters: {', '.join(f'{taken:.0f}' for taken in sorted(taken_ms))} ms")
    return taken_ms
