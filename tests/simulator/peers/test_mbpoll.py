"""mbpoll, a C++ program on libmodbus, reads every device and moves a valve."""

import re
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from prewatt_fixtures.wire.pdu import READ_DISCRETE, READ_HOLDING, READ_INPUT

pytestmark = pytest.mark.peer
TYPES = {READ_DISCRETE: "1", READ_INPUT: "3:hex", READ_HOLDING: "4:hex"}
VALUE = re.compile(r"^\[\d+\]:\s+(?:0x)?([0-9A-F]+)$", re.MULTILINE)


@pytest.fixture
def bench(bench_of: Any) -> Any:
    return bench_of("tcp")


@pytest.fixture
def mbpoll(bench: Any, peer: Callable[[str], str]) -> Callable[..., list[int]]:
    """Runs it, and gives the values that it prints."""

    def run(model: str, *options: object, write: str | None = None) -> list[int]:
        to = ["-m", "tcp", "-p", bench.bus.tcp, "-a", bench.unit(model), "-0", "-1"]
        words = [peer("mbpoll"), *to, *options, bench.bus.host, *([] if write is None else [write])]
        ended = subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=20, check=False)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return [int(value, 16) for value in VALUE.findall(ended.stdout)]

    return run


def test_it_reads_every_device(bench: Any, mbpoll: Callable[..., list[int]], model: str) -> None:
    found = {
        asked: mbpoll(model, "-t", TYPES[asked.code], "-r", asked.address, "-c", asked.size)
        for asked in bench.ranges(model)
    }
    assert all(len(values) == asked.size for asked, values in found.items())
    bench.check(model, found)


def test_it_moves_a_valve(bench: Any, mbpoll: Callable[..., list[int]]) -> None:
    meter = bench.farm.water_meter(bench.number("VALVE-WATER-METER"))
    for command, is_open in (("2", False), ("1", True)):
        mbpoll("VALVE-WATER-METER", "-t", "4", "-r", 0x1C, write=command)
        assert meter.valve_open is is_open
    assert bench.farm.journal.writes()[-1].function == 6
