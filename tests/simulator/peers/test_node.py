"""modbus-serial for Node reads every device; a JavaScript test suite controls a farm."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.peer
FOLDER = Path(__file__).with_name("node")


@pytest.mark.parametrize("framing", ["tcp", "rtu"])
def test_it_reads_every_device(bench_of: Any, node: str, framing: str) -> None:
    """All models in one process, because that takes longest to start."""
    bench = bench_of(framing)
    models = bench.models
    asked = [(model, each) for model in models for each in bench.ranges(model)]
    words = [{"unit": bench.unit(model), **each._asdict()} for model, each in asked]
    done = subprocess.run(
        [node, "read.mjs", framing, bench.bus.host, str(bench.bus.tcp)],
        cwd=FOLDER,
        input=json.dumps(words),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    for model in models:
        bench.check(model, {each: data for (of, each), data in zip(asked, told, strict=True) if of == model})


def test_the_javascript_tests_pass_over_both_framings(node: str) -> None:
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
