"""Parent-death signal: the kernel signals a child when its parent ends (prctl(2), PR_SET_PDEATHSIG; Linux only).

As a program (`python -m … PARENT_PID SIGNAL COMMAND …`) it requests the signal and replaces itself by the command.
That is safe in a parent with threads, where Python code between fork and exec (`preexec_fn`) can deadlock. The signal
follows the *thread* that started the child, so start children from a thread that lives as long as they should.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def exit_with_parent(parent_pid: int, number: int) -> None:
    """Request signal `number` for this process when its parent ends; exit at once when it has ended already."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    # after prctl, not before: a parent that ends between a check and prctl would never cause a signal
    if os.getppid() != parent_pid:
        os._exit(1)


def main(arguments: list[str]) -> None:
    """Request the signal and run the command in this process. Exit code 127, as in a shell, when it cannot be run."""
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
