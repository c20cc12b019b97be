"""The example project runs with nothing but the wheel and the simulator's own dependencies installed."""

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "docs" / "example-reader"
ABSENT = ("sqlalchemy", "sqlmodel", "asyncpg", "alembic", "strawberry", "graphql", "textual", "gql")


def required(by: Distribution, extra: str = "") -> Iterator[Requirement]:
    """What a distribution requires here, with one of its extras or without any."""
    for each in map(Requirement, by.requires or ()):
        if each.marker is None or each.marker.evaluate({"extra": extra}):
            yield each


def needed(waiting: list[Requirement]) -> set[str]:
    """Names of the distributions that satisfy the requirements, and of all that these require in turn."""
    met: set[tuple[str, str]] = set()
    while waiting:
        wanted = waiting.pop()
        for asked in {(wanted.name, extra) for extra in wanted.extras or {""}} - met:
            met.add(asked)
            waiting += required(distribution(wanted.name), asked[1])
    return {name for name, _ in met}


def link(name: str, site_packages: Path) -> None:
    """Give a virtual environment a distribution that this one has."""
    installed = distribution(name)
    for top in {Path(file).parts[0] for file in installed.files or ()} - {"..", "__pycache__"}:
        if not (site_packages / top).exists():
            (site_packages / top).symlink_to(Path(str(installed.locate_file(top))))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return next(folder.glob("prewatt-*.whl"))


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An interpreter that sees the wheel, what it requires without any extra, and pytest."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, symlinks=True)
    interpreter = str(folder / "bin" / "python")
    install = (
        sys.executable,
        "-m",
        "pip",
        "--python",
        interpreter,
        "install",
        "-q",
        "--no-deps",
        "--no-index",
    )
    subprocess.run([*install, wheel], check=True)
    (site_packages,) = folder.glob("lib/python*/site-packages")
    (ours,) = distributions(name="prewatt", path=[str(site_packages)])
    for name in needed([Requirement("pytest"), *required(ours)]):
        link(name, site_packages)
    return interpreter


def ask(python: str, *arguments: str, cwd: Path | None = None) -> str:
    """What a program printed that sees nothing of ours: no variables of this run, no folder of this checkout."""
    done = subprocess.run(
        [python, "-I", *arguments],
        cwd=cwd,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST")},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_example_passes_with_the_simulator_alone(python: str, tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "example", ignore=shutil.ignore_patterns("__pycache__", ".*"))
    printed = ask(python, "-m", "pytest", "-p", "no:cacheprovider", cwd=tmp_path / "example")
    assert "7 passed" in printed


def test_no_dependency_of_the_other_packages_is_installed(python: str) -> None:
    look = f"from importlib.util import find_spec; print([name for name in {ABSENT} if find_spec(name)])"
    assert ask(python, "-c", look).strip() == "[]"


def test_the_sim_command_runs(python: str) -> None:
    assert '"000002"' in ask(python, "-m", "prewatt_fixtures", "sim", "endpoints", "tiny", "--json")
