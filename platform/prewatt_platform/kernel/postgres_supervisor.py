"""The process between an owner and its PostgreSQL server: creates the cluster, runs the server, cleans up after both.

`postgres` runs it as `python -m … ORDER`. It prints `ready` once the server accepts connections. When its standard input
ends, because the owner closed it or was killed, it stops the server and removes the scratch folder. Its and the
server's messages go to standard error, which is the log file. Standard library only, so that it starts quickly.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from prewatt_platform.kernel.parent_death import exit_with_parent
from prewatt_platform.kernel.postgres_install import Account, can_enter, copy_install

_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C"}
"""The server does not inherit the caller's environment: PGPORT, PGDATA or PGOPTIONS would change it."""

_ESCALATION = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0))
"""Signals to stop the server with seconds to wait: fast shutdown, immediate shutdown, kill (PostgreSQL manual, "Shutting
Down the Server")."""

_PID_FILE_STATE = 7
"""The line of postmaster.pid, counted from 0, that says `ready`; pg_ctl waits for the same."""

_POLL_S = 0.01


@dataclass(frozen=True, slots=True)
class Order:
    """Instructions from the owner. `lock` is a descriptor that every server process inherits and holds."""

    install: str
    data: str
    scratch: str
    socket: str
    account: tuple[int, int] | None
    lock: int
    settings: dict[str, str]
    durable: bool

    def to_argument(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_argument(cls, argument: str) -> "Order":
        return cls(**json.loads(argument))


def main(argument: str) -> int:
    """Run the server until it ends. Returns its exit code."""
    os.chdir("/")
    order = Order.from_argument(argument)
    try:
        return _run_server(order)
    finally:
        shutil.rmtree(order.scratch, ignore_errors=True)


def _run_server(order: Order) -> int:
    account = Account(*order.account) if order.account else None
    programs = _programs(order, account)
    cluster = Path(order.data) / "cluster"
    if not cluster.exists():
        _make_cluster(cluster, programs, account, durable=order.durable)
    _remove_stale_pid_file(cluster / "postmaster.pid")
    with _path_for(account, cluster) as (place, descriptors):
        options = [part for name, value in order.settings.items() for part in ("-c", f"{name}={value}")]
        server = subprocess.Popen(  # noqa: S603 - a program of the wheel
            [programs / "postgres", "-D", place, "-k", order.socket, *options],
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            pass_fds=(*descriptors, order.lock),
            # safe: this process has no other thread yet (the one below starts afterwards)
            preexec_fn=partial(exit_with_parent, os.getpid(), signal.SIGINT),  # noqa: PLW1509
            **_running_as(account),
        )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.send_signal(signal.SIGINT))
    threading.Thread(target=_stop_when_owner_ends, args=(server,), daemon=True).start()
    if _accepts_connections(server, cluster / "postmaster.pid"):
        with contextlib.suppress(BrokenPipeError):
            os.write(sys.stdout.fileno(), b"ready\n")
    return server.wait()


def _programs(order: Order, account: Account | None) -> Path:
    """Folder of the programs: the wheel's, or a copy in the scratch folder when the account cannot enter the wheel's."""
    install = Path(order.install)
    if account and not can_enter(install / "bin" / "postgres", account):
        install = copy_install(install, Path(order.scratch) / "install")
    return install / "bin"


def _make_cluster(cluster: Path, programs: Path, account: Account | None, *, durable: bool) -> None:
    """Run initdb in a folder beside and rename it, so that an existing cluster is always complete."""
    fresh = cluster.with_name("cluster.new")
    if fresh.exists():
        shutil.rmtree(fresh)
    fresh.mkdir(mode=0o700)
    if account:
        os.chown(fresh, *account)
    choices = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-instructions")
    with _path_for(account, fresh) as (place, descriptors):
        subprocess.run(  # noqa: S603 - a program of the wheel
            [programs / "initdb", "-D", place, *choices, *(() if durable else ("--no-sync",))],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            pass_fds=descriptors,
            **_running_as(account),
        )
    fresh.rename(cluster)


def _remove_stale_pid_file(pid_file: Path) -> None:
    """Remove postmaster.pid of a killed server, unless a PostgreSQL server has its process id.

    PostgreSQL refuses to start while any process has that id, also another program or a zombie that its container never
    reaps. `server.lock` was free, so our server is gone; a server with that id was started by hand and is respected.
    """
    if not Path("/proc/self").exists():
        return
    with contextlib.suppress(FileNotFoundError):
        if not _is_server(pid_file.read_text().partition("\n")[0]):
            pid_file.unlink()


def _is_server(pid: str) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return "Name:\tpostgres\n" in status and "State:\tZ" not in status


@contextmanager
def _path_for(account: Account | None, folder: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
    """A path of `folder` that a child can use, and the descriptors that the child must inherit for it.

    For another account the path goes through an open descriptor. That works below a folder that the account may not
    enter, such as root's home, without changing any mode.
    """
    if account is None or not Path("/proc/self/fd").exists():
        yield str(folder), ()
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}", (descriptor,)
    finally:
        os.close(descriptor)


def _running_as(account: Account | None) -> dict[str, Any]:
    identity = {"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}
    return {"env": _ENVIRONMENT, **identity}


def _accepts_connections(server: subprocess.Popen[bytes], pid_file: Path) -> bool:
    """Wait until the server accepts connections; False when it ended before."""
    while server.poll() is None:
        if _is_ready(server.pid, pid_file):
            return True
        time.sleep(_POLL_S)
    return False


def _is_ready(pid: int, pid_file: Path) -> bool:
    """Whether postmaster.pid shows `ready` for this process id; the file of a killed server has another id."""
    try:
        lines = pid_file.read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > _PID_FILE_STATE and lines[0] == str(pid) and lines[_PID_FILE_STATE].strip() == "ready"


def _stop_when_owner_ends(server: subprocess.Popen[bytes]) -> None:
    # os.read, not sys.stdin.read: a thread that waits in the buffered reader holds its lock and blocks the exit
    while os.read(sys.stdin.fileno(), 1):
        pass
    for number, grace_s in _ESCALATION:
        server.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(grace_s)
            return


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
