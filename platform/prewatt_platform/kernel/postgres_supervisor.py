"""The program between an owner and its PostgreSQL server: makes the cluster, runs the server, tidies up after both.

`postgres.py` runs it as `python -m … ORDER`. It prints `ready`, and when its standard input ends, because the owner
closed it or died however hard, it stops the server and removes the scratch folder. Everything it and the server say
goes to standard error, which is the log. Standard library only, so that it starts quickly.
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
"""Nothing of the caller's: PGPORT, PGDATA or PGOPTIONS would reach into our server."""

_ESCALATION = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0))
"""Fast shutdown, immediate shutdown, none: each with the seconds it is given."""

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
    lasting: bool

    def to_argument(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_argument(cls, argument: str) -> "Order":
        return cls(**json.loads(argument))


def main(argument: str) -> int:
    """Carry out the order until the server has ended; its exit code is ours."""
    os.chdir("/")
    order = Order.from_argument(argument)
    try:
        return _keep(order)
    finally:
        shutil.rmtree(order.scratch, ignore_errors=True)


def _keep(order: Order) -> int:
    account = Account(*order.account) if order.account else None
    programs = _programs(order, account)
    cluster = Path(order.data) / "cluster"
    if not cluster.exists():
        _make_cluster(cluster, programs, account, lasting=order.lasting)
    _forget_killed_server(cluster / "postmaster.pid")
    with _as_seen_by(account, cluster) as (place, descriptors):
        options = [part for name, value in order.settings.items() for part in ("-c", f"{name}={value}")]
        server = subprocess.Popen(  # noqa: S603 - a program of the wheel
            [programs / "postgres", "-D", place, "-k", order.socket, *options],
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            pass_fds=(*descriptors, order.lock),
            # safe: this process has no other thread yet
            preexec_fn=partial(exit_with_parent, os.getpid(), signal.SIGINT),  # noqa: PLW1509
            **_running_as(account),
        )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.send_signal(signal.SIGINT))
    threading.Thread(target=_stop_with_owner, args=(server,), daemon=True).start()
    if _becomes_ready(server, cluster / "postmaster.pid"):
        with contextlib.suppress(BrokenPipeError):
            os.write(sys.stdout.fileno(), b"ready\n")
    return server.wait()


def _programs(order: Order, account: Account | None) -> Path:
    """The folder of the programs: the wheel's, or a copy of it where the account cannot reach the wheel's."""
    install = Path(order.install)
    if account and not can_enter(install / "bin" / "postgres", account):
        install = copy_install(install, Path(order.scratch) / "install")
    return install / "bin"


def _make_cluster(cluster: Path, programs: Path, account: Account | None, *, lasting: bool) -> None:
    """Initialise beside and rename, so that a cluster that exists is whole."""
    fresh = cluster.with_name("cluster.new")
    if fresh.exists():
        shutil.rmtree(fresh)
    fresh.mkdir(mode=0o700)
    if account:
        os.chown(fresh, *account)
    choices = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-instructions")
    with _as_seen_by(account, fresh) as (place, descriptors):
        subprocess.run(  # noqa: S603 - a program of the wheel
            [programs / "initdb", "-D", place, *choices, *(() if lasting else ("--no-sync",))],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            pass_fds=descriptors,
            **_running_as(account),
        )
    fresh.rename(cluster)


def _forget_killed_server(pid_file: Path) -> None:
    """Remove files of a killed server that would mislead the next start.

    It takes any living process of that number for the old server, and a killed one too until it is reaped, which in
    some containers is never. Our lock is free, so the server is gone; a namesake may have been started by hand.
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
def _as_seen_by(account: Account | None, folder: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
    """A name of `folder` for a child, and the descriptors to pass on with it.

    For another account an open descriptor: it leads there even when a folder above is closed to that account, as
    root's home is, and no mode has to change.
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


def _becomes_ready(server: subprocess.Popen[bytes], pid_file: Path) -> bool:
    """Wait until the server accepts connections; False when it ended before."""
    while server.poll() is None:
        if _is_ready(server.pid, pid_file):
            return True
        time.sleep(_POLL_S)
    return False


def _is_ready(pid: int, pid_file: Path) -> bool:
    """Whether postmaster.pid says so; one that a killed server left behind holds another process id."""
    try:
        lines = pid_file.read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > _PID_FILE_STATE and lines[0] == str(pid) and lines[_PID_FILE_STATE].strip() == "ready"


def _stop_with_owner(server: subprocess.Popen[bytes]) -> None:
    while os.read(
        sys.stdin.fileno(), 1
    ):  # not through the buffer, whose lock would hold up the interpreter's end
        pass
    for number, grace_s in _ESCALATION:
        server.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(grace_s)
            return


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
