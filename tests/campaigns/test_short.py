"""The campaigns' short versions; `make campaign` runs the long ones."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from campaigns import journals, malformed

from prewatt_fixtures.endpoints import Framing

SEED = 20_211_228
REQUESTS = 12
RUNS = 100
PARTS = 4


@pytest.mark.parametrize(("framing", "frames"), [("rtu", 40_000), ("tcp", 70_000)])
def test_malformed_frames_leave_the_farm_standing(framing: Framing, frames: int) -> None:
    """It never raises, never keeps another client waiting, never grows: a round checks all three."""
    outcome = malformed.run_round(SEED, framing, frames)
    assert outcome.frames >= frames
    assert outcome.heard > frames // 5, "enough of it was sound enough to reach the meters"


@pytest.fixture(scope="module")
def expected() -> bytes:
    return journals.journal_of(SEED, REQUESTS)


@pytest.mark.parametrize("part", range(PARTS))
def test_one_seed_gives_one_journal_every_time(expected: bytes, part: int) -> None:
    """A hundred times, in parts that workers share."""
    for _ in range(part, RUNS, PARTS):
        assert journals.journal_of(SEED, REQUESTS) == expected


@pytest.mark.parametrize("hash_seed", ["0", "1", "2"])
def test_one_seed_gives_one_journal_in_every_process(hash_seed: str) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "campaigns.journals", str(SEED), str(REQUESTS)],
        cwd=Path(__file__).parents[1],
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert told.stdout.strip() == journals.digest_of(SEED, REQUESTS)


def test_two_seeds_give_two_journals(expected: bytes) -> None:
    assert journals.journal_of(SEED + 1, REQUESTS) != expected


def test_many_kinds_of_fault_take_part() -> None:
    affected = {
        rule.fault.kind
        for seed in range(SEED, SEED + 5)
        for rule in journals.run(seed, REQUESTS).faults.rules
        if rule.fired
    }
    assert len(affected) > len(journals.rules()) // 2
