"""The layout promises that keep the standard library and graphql-core importable."""

import importlib.util
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOP_FOLDERS = ("fixtures", "simulator", "platform", "graphql", "tui")


@pytest.mark.parametrize("folder", TOP_FOLDERS)
def test_top_folders_hold_packages_only(folder: str) -> None:
    """A module or `__init__.py` there would shadow a library of that name."""
    assert not list((ROOT / folder).glob("*.py"))


def test_test_folders_are_no_packages() -> None:
    assert not list((ROOT / "tests").rglob("__init__.py"))


def test_nothing_is_called_platform_py() -> None:
    assert not [path for top in (*TOP_FOLDERS, "tests", "docs") for path in (ROOT / top).rglob("platform.py")]


@pytest.mark.parametrize("name", ["platform", "graphql"])
def test_the_true_modules_are_found(name: str) -> None:
    found = importlib.util.find_spec(name)
    assert found is not None
    assert found.origin is not None
    assert ROOT / name not in Path(found.origin).parents


def test_graphql_is_the_installed_distribution() -> None:
    """Asked in a fresh process that starts in the repository's root, where the folder is nearest."""
    told = subprocess.run(
        [sys.executable, "-c", "import graphql, platform; print(graphql.__version__, platform.system())"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split()[0] == version("graphql-core")


def test_the_lock_names_no_host() -> None:
    assert "://" not in (ROOT / "requirements.lock").read_text("utf-8")
