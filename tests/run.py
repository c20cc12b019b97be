"""Runs the tests as `make test` does: all of them with branch coverage, then the coverage floors.

With arguments it hands them to pytest and leaves coverage aside: `python tests/run.py tests/fixtures -x`. The exit
code is pytest's; when the tests pass and a floor is missed it is 1.

Coverage more than doubles the time that Python takes, and half as much again where it has to follow greenlets, in which
SQLAlchemy does its asyncio work. So it does that for the tests of the platform only. The campaigns, the fuzzing of
text doors, races and probes of every query, which go the same ways again and again, and the tests of whole processes
run without it, together: while a campaign keeps one core busy, the processes of a demo mostly wait.
"""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

ROOT: Final = Path(__file__).resolve().parent.parent
WORKERS: Final = ("-n", "3", "--dist", "worksteal")
"""One more than the cores of a small machine, because many tests wait for a database or a process; idle ones help out."""


GREENLETS: Final = ("tests/platform", "tests/graphql")
UNMEASURED: Final = (
    "tests/campaigns",
    "tests/harness",
    "tests/fixtures/install",
    "tests/graphql/cli",
    "tests/graphql/isolation",
    "tests/platform/accounts/test_racing_refunds.py",
    "tests/platform/accounts/test_take_back_faults.py",
    "tests/platform/cli",
    "tests/platform/kernel/tenancy",
    "tests/simulator/cli/test_text_doors.py",
    "tests/simulator/control/test_malformed.py",
    "tests/simulator/farm/test_damaged_state.py",
    "tests/simulator/plugin/test_bounds.py",
)


@dataclass(frozen=True, slots=True)
class Floor:
    """The least share of statements and branches, and of branches alone, that tests reach below `folders`."""

    name: str
    percent_min: int
    folders: tuple[str, ...]


FLOORS: Final = (
    Floor("fixtures", 95, ("fixtures/prewatt_fixtures",)),
    Floor("ledger", 95, ("platform/prewatt_platform/ledger",)),
    Floor("top-up", 95, ("platform/prewatt_platform/accounts",)),
    Floor("the whole", 85, ("fixtures", "simulator", "platform", "graphql", "tui")),
)


@dataclass(frozen=True, slots=True)
class Reached:
    """Counts of statements and branches: those that exist, and those that a test went through."""

    statements: int
    statements_run: int
    branches: int
    branches_run: int

    @classmethod
    def below(cls, folders: tuple[str, ...], files: dict[str, Any]) -> Self:
        """Summed over the files of coverage's JSON report that lie below one of the folders."""
        wanted = tuple(f"{folder}/" for folder in folders)
        found = [report["summary"] for path, report in files.items() if path.startswith(wanted)]
        keys = ("num_statements", "covered_lines", "num_branches", "covered_branches")
        return cls(*(sum(summary[key] for summary in found) for key in keys))

    @property
    def percent(self) -> float:
        """Of statements and branches together, as coverage reports it."""
        return _percent(self.statements_run + self.branches_run, self.statements + self.branches)

    @property
    def percent_of_branches(self) -> float:
        return _percent(self.branches_run, self.branches)

    def holds(self, floor: Floor) -> bool:
        return self.statements > 0 and min(self.percent, self.percent_of_branches) >= floor.percent_min


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 100.0


def main(arguments: list[str]) -> int:
    """Run the tests; the exit code says how it went."""
    if arguments:
        return _pytest(*arguments)
    with tempfile.TemporaryDirectory(prefix="prewatt-coverage-") as folder:
        report = Path(folder) / "report.json"
        # a file of this run's own, so that no other run is counted in; subprocesses write beside it
        os.environ["COVERAGE_FILE"] = str(Path(folder) / "data")
        failed = _pytest(*UNMEASURED)
        unmeasured = [f"--ignore={each}" for each in UNMEASURED]
        failed |= _pytest("--cov", "--cov-report=", *(f"--ignore={each}" for each in GREENLETS), *unmeasured)
        os.environ["COVERAGE_CONCURRENCY"] = "greenlet"
        failed |= _pytest("--cov", "--cov-append", f"--cov-report=json:{report}", *unmeasured, *GREENLETS)
        if not report.exists():
            return failed or 1
        files: dict[str, Any] = json.loads(report.read_text())["files"]
    missed = [floor.name for floor in FLOORS if not _holds(floor, files)]
    if missed:
        print(f"coverage below its floor: {', '.join(missed)}", flush=True)
    return failed or int(bool(missed))


def _pytest(*arguments: str) -> int:
    command = (sys.executable, "-m", "pytest", *WORKERS, "--durations=20", *arguments)
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def _holds(floor: Floor, files: dict[str, Any]) -> bool:
    reached = Reached.below(floor.folders, files)
    kept = reached.holds(floor)
    print(
        f"coverage of {floor.name:<9} {reached.percent:6.2f} %, of its branches alone "
        f"{reached.percent_of_branches:6.2f} %, floor {floor.percent_min} %: {'kept' if kept else 'MISSED'}",
        flush=True,
    )
    return kept


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
