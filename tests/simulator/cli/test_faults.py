"""`prewatt sim run --fault`: fault rules on the command line."""

from typing import Any

import pytest
from typer.testing import CliRunner

from prewatt_fixtures.cli import main


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("kind=explode", "kind: one of lose-request"),
        ("kind=lose-reply,meter=0099990101", "meter: a meter of this farm"),
        ("kind=lose-reply,metre=1", "metre: unknown key"),
    ],
)
def test_a_rule_that_cannot_apply_is_refused(rule: str, told: str) -> None:
    done = CliRunner().invoke(main, ["sim", "run", "tiny", "--fault", rule])
    assert done.exit_code == 2
    assert f"--fault {rule}: {told}" in done.output


def test_rules_are_in_force_from_the_start(running: Any) -> None:
    import socket

    from prewatt_fixtures.wire import rtu
    from prewatt_fixtures.wire.pdu import read_holding

    rules = ("--fault", "kind=exception,code=0x06,count=1", "--fault", "kind=exception,code=4")
    with (
        running("tiny", *rules) as rows,
        socket.create_connection((rows[1]["host"], rows[1]["tcp"])) as client,
    ):
        client.sendall(rtu.encode(1, read_holding(0, 2)) * 2)
        client.settimeout(10)
        data = b""
        while len(data) < 10:
            data += client.recv(10 - len(data))
    assert data == rtu.encode(1, b"\x83\x06") + rtu.encode(1, b"\x83\x04")
