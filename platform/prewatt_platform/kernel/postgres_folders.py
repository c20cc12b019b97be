"""The folders of an embedded server: the data folder with its locks, and the scratch folder with its socket.

Locks are flock(2) locks: the kernel frees them with their holder, so they are never stale. `owner.lock` is held by the
process that started the server; `server.lock` by that process, the supervisor and every process of the server, which
inherit the descriptor. A free `server.lock` therefore proves that no process uses the cluster.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from prewatt_platform.kernel.errors import FolderInUse, FolderUnusable
from prewatt_platform.kernel.postgres_install import Account, can_enter

_SCRATCH_LENGTH_MAX = 60
"""A Unix socket's path may have 107 bytes; our names below the scratch folder's parent take up to 45."""

_SHUTDOWN_S_MAX = 60.0
_POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class DataFolder:
    """A hold_data_folder data folder. `server_lock` is the descriptor that the server's processes inherit."""

    path: Path
    server_lock: int

    @property
    def log(self) -> Path:
        return self.path / "postgres.log"


@contextmanager
def hold_data_folder(path: Path) -> Iterator[DataFolder]:
    """Create the data folder if needed and lock it for this process, for the length of the block.

    Raises `FolderInUse` when another owner holds it, `FolderUnusable` when it cannot be written. Waits up to
    `_SHUTDOWN_S_MAX` for a server that still shuts down because its owner was killed.
    """
    with contextlib.ExitStack() as held:
        try:
            if not path.exists():
                path.mkdir(parents=True, mode=0o700)
            owner = held.enter_context(_opened(path / "owner.lock"))
            server = held.enter_context(_opened(path / "server.lock"))
        except OSError as reason:
            raise FolderUnusable(path, f"{reason.strerror} ({reason.filename})") from reason
        if not _lock(owner) or not _lock_within(server, _SHUTDOWN_S_MAX):
            raise FolderInUse(path, _recorded_pid(owner))
        os.truncate(owner, 0)
        os.pwrite(owner, str(os.getpid()).encode(), 0)
        yield DataFolder(path, server)


@contextmanager
def scratch_folder(account: Account | None) -> Iterator[Path]:
    """A temporary folder with a folder `socket` that belongs to the server's account; removed at the end."""
    parents = (Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp"))  # noqa: S108 - a fresh, private folder is made in it
    parent = next((parent for parent in parents if _is_usable(parent, account)), None)
    if parent is None:
        raise FolderUnusable(
            parents[0], "its path is too long for a socket, or closed to the server's account"
        )
    scratch = Path(tempfile.mkdtemp(prefix="prewatt-postgres-", dir=parent))
    try:
        socket = scratch / "socket"
        socket.mkdir(mode=0o700)
        if account:
            scratch.chmod(0o711)
            os.chown(socket, *account)
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _is_usable(parent: Path, account: Account | None) -> bool:
    return len(os.fsencode(parent)) <= _SCRATCH_LENGTH_MAX and (account is None or can_enter(parent, account))


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lock_within(descriptor: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not _lock(descriptor):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True


def _recorded_pid(descriptor: int) -> int | None:
    noted = os.pread(descriptor, 20, 0)
    return int(noted) if noted.isdigit() else None
