"""`prewatt tui` as a process on a terminal of its own."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

PREWATT = Path(sys.executable).with_name("prewatt")
PATIENCE_S = 30.0
CTRL_Q = b"\x11"


def read_until(terminal: int, wanted: bytes) -> bytes:
    """What the process wrote, up to and including `wanted`."""
    deadline = time.monotonic() + PATIENCE_S
    written = b""
    while wanted not in written:
        assert time.monotonic() < deadline, f"{wanted!r} did not come: {written[-500:]!r}"
        if select.select([terminal], [], [], 0.1)[0]:
            written += os.read(terminal, 65536)
    return written


def test_on_a_terminal_of_16_colours_it_starts_sends_no_others_and_quits() -> None:
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    environment = {k: v for k, v in os.environ.items() if k not in ("COLORTERM", "NO_COLOR")}
    with subprocess.Popen(
        [PREWATT, "tui", "--url", "http://127.0.0.1:1"],
        stdin=its,
        stdout=its,
        stderr=its,
        env={**environment, "TERM": "xterm", "PREWATT_PASSWORD": "correct horse"},
    ) as process:
        os.close(its)
        shown = read_until(ours, b"Palette")
        os.write(ours, CTRL_Q)
        shown += read_until(ours, b"\x1b[?1049l")
        assert process.wait(PATIENCE_S) == 0
    os.close(ours)
    assert b"sign in" in shown
    assert b"38;2;" not in shown
    assert b"48;2;" not in shown
    assert b"correct horse" not in shown


def test_a_password_is_not_taken_as_an_argument() -> None:
    done = subprocess.run([PREWATT, "tui", "--password", "x"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--password" in done.stderr
