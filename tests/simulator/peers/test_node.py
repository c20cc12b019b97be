"""A test suite that is not Python: Node reads a farm with modbus-serial and steers it through the control API."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).with_name("node")


@pytest.mark.peer
def test_its_own_tests_pass_over_both_framings(node: str) -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        [node, "--test", "--test-reporter", "tap", "farm.test.mjs"],
        cwd=FOLDER,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# pass 8" in done.stdout
