"""The plugin in strict pytest runs of their own: reports, seeds, markers, workers, cost."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PLUGINS = ("-p", "prewatt_simulator.plugin", "-p", "xdist")
STRICT = ("-p", "no:cacheprovider", "-W", "error", "--strict-markers", "--strict-config")
FAILING = """
import socket
import pytest

HAIRDRESSER = "0000010201"
READ_COUNT = bytes.fromhex("010302210001d5b8")

@pytest.mark.parametrize("times", [1, 2, 3])
def test_reads(meter_farm, times):
    host, port, unit = meter_farm.address(HAIRDRESSER)
    for _ in range(times):
        with socket.create_connection((host, port), 10) as connection:
            connection.sendall(READ_COUNT)
            assert len(connection.recv(7, socket.MSG_WAITALL)) == 7
    assert not meter_farm

def test_reads_often(meter_farm):
    for _ in range(50):
        meter_farm.farm.bus("000001", 2).exchange(1, READ_COUNT[1:6], meter_farm.clock.time())
    assert not meter_farm

def test_asks_nobody(meter_farm):
    assert not meter_farm

def test_has_no_farm():
    assert 0

@pytest.mark.meter_farm(sight="tiny")
def test_is_typed_wrong(meter_farm):
    pass
"""


def run(folder: Path, module: str, *arguments: str, code: int) -> str:
    """What a pytest run over one module printed. It loads this plugin and xdist, and none that others installed."""
    (folder / "test_own.py").write_text(module)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *PLUGINS, *STRICT, *arguments],
        cwd=folder,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def reports(printed: str) -> dict[str, str]:
    """The failure report of each test by its name."""
    failures, _, _ = printed.partition("short test summary")
    found = re.split(r"(?m)^_+ (?:ERROR at setup of )?(test_\S+) _+$", failures)
    return dict(zip(found[1::2], found[2::2], strict=True))


def seeds(told: dict[str, str]) -> dict[str, str]:
    """The seed that each report tells."""
    return {name: told[name].partition("--meter-farm-seed=")[2].partition("\n")[0] for name in told}


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return reports(run(tmp_path_factory.mktemp("failing"), FAILING, code=1))


class TestFailure:
    def test_it_shows_the_journal(self, failed: dict[str, str]) -> None:
        told = failed["test_reads[2]"]
        assert "- meter farm -" in told
        assert "site 000 试验台, clock at 2026-01-05 00:00:00 UTC" in told
        assert "the last 4 of 4 lines of the journal:" in told
        assert told.count(" 000001/2 unit 1 0000010201 > read registers 0221H (answered)") == 2
        assert told.count(" 000001/2 unit 1 0000010201 < 0006 (answered)") == 2

    def test_it_shows_the_last_lines_of_a_long_journal(self, failed: dict[str, str]) -> None:
        told = failed["test_reads_often"]
        assert "the last 40 of 100 lines of the journal:" in told
        assert told.count("(answered)") == 40

    def test_a_farm_without_requests_is_reported_as_such(self, failed: dict[str, str]) -> None:
        assert "nobody asked anything" in failed["test_asks_nobody"]

    def test_without_a_farm_there_is_no_section(self, failed: dict[str, str]) -> None:
        assert "meter farm" not in failed["test_has_no_farm"]

    def test_a_wrong_marker_argument_is_named(self, failed: dict[str, str]) -> None:
        assert "unexpected keyword argument 'sight'" in failed["test_is_typed_wrong"]


class TestSeed:
    def test_every_test_has_its_own(self, failed: dict[str, str]) -> None:
        told = [seed for seed in seeds(failed).values() if seed]
        assert len(told) == len(set(told)) == 5

    def test_it_is_the_same_in_every_run_and_with_workers(
        self, failed: dict[str, str], tmp_path: Path
    ) -> None:
        """Workers serve their farms at the same time, and each test has met its own requests only."""
        again = reports(run(tmp_path, FAILING, "-n", "2", code=1))
        assert seeds(again) == seeds(failed)
        for times in (1, 2, 3):
            assert (
                f"the last {2 * times} of {2 * times} lines of the journal:" in again[f"test_reads[{times}]"]
            )

    def test_the_option_sets_the_seed_of_every_test(self, tmp_path: Path) -> None:
        told = reports(run(tmp_path, FAILING, "--meter-farm-seed=77", "-k", "reads", code=1))
        assert set(seeds(told).values()) == {"77"}


def test_a_run_without_farms_imports_nothing_of_them(tmp_path: Path) -> None:
    module = """
import sys

def test_imports():
    ours = {name for name in sys.modules if name.startswith("prewatt")}
    assert ours == {"prewatt_simulator", "prewatt_simulator.plugin"}
"""
    run(tmp_path, module, code=0)
