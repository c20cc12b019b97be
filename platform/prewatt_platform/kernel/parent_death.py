"""Ties a process to the one that started it, by Linux's parent-death signal; elsewhere there is no such tie.

Run as a program it ties itself and becomes the command it was given (`python -m … PARENT_PID SIGNAL COMMAND …`), so
that nothing of ours runs between the fork and the exec of a threaded parent. The kernel watches the *thread* that
started the child: start children from one that lives as long as they should, such as the main thread.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def exit_with_parent(parent_pid: int, number: int) -> None:
    """Have this process sent signal `number` when its parent ends; end at once when that has happened already."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent_pid:
        os._exit(1)


def main(arguments: list[str]) -> None:
    """Become the command, tied; a command that cannot be run is exit code 127, as in a shell."""
    parent_pid, number, *command = arguments
    exit_with_parent(int(parent_pid), signal.Signals[number])
    try:
        os.execvp(command[0], command)  # noqa: S606 - no shell is the point
    except OSError as reason:
        sys.exit(_not_run(command[0], reason))


def _not_run(program: str, reason: OSError) -> int:
    print(f"{program}: {reason.strerror}", file=sys.stderr)
    return 127


if __name__ == "__main__":
    main(sys.argv[1:])
