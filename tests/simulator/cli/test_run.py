"""`prewatt sim` as a process: output and exit codes."""

import json
import signal
import socket
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from prewatt_fixtures.cli import main
from prewatt_fixtures.site import load_site
from prewatt_fixtures.wire import rtu, vendor
from prewatt_fixtures.wire.pdu import read_holding

PREWATT = str(Path(sys.executable).with_name("prewatt"))


def prewatt(*arguments: str) -> Any:
    return CliRunner().invoke(main, ["sim", *arguments])


def ask(row: dict[str, Any], unit: int, pdu: bytes) -> bytes:
    with socket.create_connection((row["host"], row["tcp"]), timeout=10) as client:
        client.sendall(rtu.encode(unit, pdu))
        return client.recv(300)[1:-2]


class TestRun:
    def test_it_prints_listeners_then_ready_and_exits_0_on_a_signal(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            with subprocess.Popen(
                [PREWATT, "sim", "run", "tiny", "--base-port", "0"], stdout=subprocess.PIPE, text=True
            ) as process:
                assert process.stdout is not None
                lines = [process.stdout.readline().strip() for _ in range(4)]
                assert [line.split(":")[0] for line in lines] == [
                    "000001 port 1",
                    "000001 port 2",
                    "000002 port 1",
                    "ready",
                ]
                process.send_signal(number)
                assert process.wait(timeout=20) == 0

    def test_json_lines_name_each_listener(self, running: Any) -> None:
        with running("tiny") as rows:
            assert [(row["gateway"], row["port"]) for row in rows] == [
                ("000001", 1),
                ("000001", 2),
                ("000002", 1),
            ]
            assert ask(rows[0], 2, read_holding(0, 2)) == b"\x03\x04" + (200_000 // 20).to_bytes(4, "big")

    def test_start_and_speed_0_freeze_the_clock(self, running: Any) -> None:
        with running("tiny", "--start", "2021-12-28T15:35:00+08:00", "--speed", "0") as rows:
            assert ask(rows[1], 1, read_holding(0x0228, 4)) == bytes((3, 8, 21, 12, 28, 2, 15, 35, 0, 0))

    def test_wire_timing_is_on_by_default(self, running: Any) -> None:
        """With it the bus carries one frame after the other; a frozen farm's wire lives in real time."""
        with running("tiny", "--speed", "0", "--wire-timing") as rows:
            assert ask(rows[0], 2, read_holding(0, 1))[:2] == b"\x03\x02"

    def test_state_is_kept_from_one_run_to_the_next(self, running: Any, tmp_path: Path) -> None:
        state = tmp_path / "farm.json"
        top_up = vendor.encode_request(vendor.TopUp(5000, 7))
        with running("tiny", "--speed", "0", "--state", str(state)) as rows:
            assert vendor.decode_reply(ask(rows[1], 1, top_up)).remaining_fen == 9125
        with running("tiny", "--speed", "0", "--state", str(state)) as rows:
            assert ask(rows[1], 1, read_holding(0x0221, 1)) == b"\x03\x02\0\7"
            assert vendor.decode_reply(ask(rows[1], 1, top_up)).remaining_fen == 9125

    def test_a_port_in_use_is_exit_2_and_named(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            ended = prewatt("run", "tiny", "--base-port", str(port))
        assert ended.exit_code == 2
        assert f"port {port} on 127.0.0.1" in ended.stderr
        assert ended.stdout == ""

    def test_a_damaged_state_file_is_exit_2_and_named(self, tmp_path: Path) -> None:
        state = tmp_path / "farm.json"
        for text in ("{", "[]", '{"project": "999"}'):
            state.write_text(text)
            ended = prewatt("run", "tiny", "--base-port", "0", "--state", str(state))
            assert (ended.exit_code, str(state) in ended.stderr) == (2, True)

    def test_a_state_that_could_not_be_saved_is_refused_before_the_run(self, tmp_path: Path) -> None:
        state = tmp_path / "no" / "folder" / "farm.json"
        ended = prewatt("run", "tiny", "--base-port", "0", "--state", str(state))
        assert (ended.exit_code, ended.stdout) == (2, "")
        assert f"{state}: the state could not be saved there: No such file or directory" in ended.stderr

    @pytest.mark.parametrize("text", ["[" * 100_000, '{"project": "000", "project": "000"}', '{"a": NaN}'])
    def test_a_hostile_state_file_is_exit_2_and_named(self, tmp_path: Path, text: str) -> None:
        state = tmp_path / "farm.json"
        state.write_text(text)
        ended = prewatt("run", "tiny", "--base-port", "0", "--state", str(state))
        assert (ended.exit_code, ended.stdout) == (2, "")
        assert str(state) in ended.stderr
        assert state.read_text() == text

    @pytest.mark.parametrize(
        ("option", "value"),
        [("--speed", "inf"), ("--speed", "nan"), ("--speed", "1e300"), ("--start", "9999-01-01T00:00:00Z")],
    )
    def test_a_clock_that_cannot_be_is_exit_2(self, option: str, value: str) -> None:
        ended = prewatt("run", "tiny", "--base-port", "0", option, value)
        assert (ended.exit_code, ended.stdout) == (2, "")
        assert option in ended.stderr

    @pytest.mark.parametrize("start", ["yesterday", "2021-12-28T15:35:00"])
    def test_a_start_without_an_offset_is_exit_2(self, start: str) -> None:
        ended = prewatt("run", "tiny", "--start", start)
        assert ended.exit_code == 2
        assert start in ended.stderr

    def test_an_unknown_site_is_exit_2_and_the_known_ones_are_named(self) -> None:
        ended = prewatt("run", "atlantis")
        assert ended.exit_code == 2
        assert "atlantis" in ended.stderr
        assert "mingde, tiny" in ended.stderr


class TestSecondMaster:
    SITE = (
        '[project]\ncode = "001"\nname = "x"\n[[gateways]]\nnumber = "001001"\nports = [{ port = 1 }]\n'
        '[[meters]]\nnumber = "0010010101"\nmodel = "DDSY1352-NK/F"\nplace = "p"\n'
        '[[faults]]\nkind = "second-master"\ngateway = "001001"\nport = 1\nevery_s = 1.0\n'
    )

    def test_run_check_and_endpoints_judge_it_alike(self, running: Any, tmp_path: Path) -> None:
        site = tmp_path / "site.toml"
        site.write_text(self.SITE, "utf-8")
        assert prewatt("check", str(site)).exit_code == 0
        assert prewatt("endpoints", str(site)).exit_code == 0
        with running(str(site), "--wire-timing") as rows:
            assert len(rows) == 1


class TestDialling:
    SITE = (
        '[project]\ncode = "001"\nname = "x"\n[[gateways]]\nnumber = "001001"\nkind = "manager"\n'
        'ports = [{ port = 1 }]\ndial = { host = "127.0.0.1", tcp = TCP }\n'
        '[[gateways]]\nnumber = "001002"\nports = [{ port = 1 }]\n'
        '[[meters]]\nnumber = "0010010101"\nmodel = "DDSY1352-NK/F"\nplace = "p"\n'
    )

    def test_a_port_that_dials_out_is_announced_and_calls(self, running: Any, tmp_path: Path) -> None:
        site = tmp_path / "site.toml"
        with socket.create_server(("127.0.0.1", 0)) as head_end:
            head_end.settimeout(20)
            tcp = head_end.getsockname()[1]
            site.write_text(self.SITE.replace("TCP", str(tcp)), "utf-8")
            with running(str(site)) as rows:
                assert rows[1:] == [{"gateway": "001001", "port": 1, "dials": f"127.0.0.1:{tcp}"}]
                call, _ = head_end.accept()
                with call:
                    assert call.recv(100) == b"00100101"
                    call.sendall(rtu.encode(1, read_holding(0, 1)))
                    assert call.recv(100)[:3] == b"\1\3\2"

    def test_a_port_that_dials_out_has_no_listener(self, tmp_path: Path) -> None:
        site = tmp_path / "site.toml"
        site.write_text(self.SITE.replace("TCP", "7000"), "utf-8")
        assert prewatt("endpoints", str(site)).stdout.splitlines() == ["001002\t1\t127.0.0.1\t15001\trtu"]


class TestEndpoints:
    def test_they_are_the_listeners_of_run(self) -> None:
        table = json.loads(prewatt("endpoints", "mingde", "--json", "--protocol", "tcp").stdout)
        assert [(row["gateway"], row["port"]) for row in table] == list(load_site("mingde").by_port)
        assert [row["tcp"] for row in table] == list(range(15001, 15001 + len(table)))
        assert {(row["host"], row["framing"]) for row in table} == {("127.0.0.1", "tcp")}

    def test_piped_output_is_tab_separated(self) -> None:
        first = prewatt("endpoints", "tiny", "--base-port", "20000").stdout.splitlines()[0]
        assert first == "000001\t1\t127.0.0.1\t20000\trtu"

    def test_ports_past_the_last_are_refused(self) -> None:
        ended = prewatt("endpoints", "tiny", "--base-port", "65534")
        assert ended.exit_code == 2
        assert "65535" in ended.stderr


class TestCheck:
    def test_a_valid_site_is_summarised(self) -> None:
        ended = prewatt("check", "mingde")
        assert ended.exit_code == 0
        assert (
            ended.stdout
            == "mingde: project 001 贵州大学明德学院, 27 buses, 262 meters, 3 other devices: ok\n"
        )
        assert prewatt("check", "tiny").stdout.endswith("3 buses, 8 meters: ok\n")

    @pytest.mark.parametrize(
        ("change", "key"),
        [
            (
                'model = "DDSY1352-NK/F"\nct = 0',
                "meter 0010010101, in the table at line 7, ct: a whole number from 1 to 9999, not 0",
            ),
            ('model = "XYZ"', "meter 0010010101, in the table at line 7: unknown model"),
            (
                'model = "DDSY1352-NK/F"\nload = { shape = "trace" }',
                "meter 0010010101, in the table at line 7, load: a trace needs",
            ),
            (
                'model = "DDSY1352-NK/F"\n[[faults]]\nkind = "explode"',
                "fault 1, in the table at line 11, kind: one of lose-request",
            ),
        ],
    )
    def test_a_wrong_site_is_exit_2_with_file_and_key(self, tmp_path: Path, change: str, key: str) -> None:
        site = tmp_path / "site.toml"
        site.write_text(
            '[project]\ncode = "001"\nname = "x"\n[[gateways]]\nnumber = "001001"\nports = [{ port = 1 }]\n'
            f'[[meters]]\nnumber = "0010010101"\nplace = "p"\n{change}\n',
            "utf-8",
        )
        ended = prewatt("check", str(site))
        assert ended.exit_code == 2
        assert str(site) in ended.stderr
        assert key in ended.stderr


class TestDevices:
    def test_every_model_is_listed(self) -> None:
        table = {row["model"]: row for row in json.loads(prewatt("devices", "--json").stdout)}
        assert table["DTSY1352-NK/F"]["prepaid"] is True
        assert table["ADW300/CLR"]["short_names"] == ["ADW300"]
        assert [line.split("\t")[0] for line in prewatt("devices").stdout.splitlines()] == list(table)


@pytest.mark.parametrize("command", ["run", "endpoints", "check", "devices"])
def test_help_has_an_example(command: str) -> None:
    ended = prewatt(command, "--help")
    assert ended.exit_code == 0
    assert f"prewatt sim {command}" in ended.stdout.replace("\n", " ")
    assert "Example" in ended.stdout


def test_a_site_whose_fault_window_is_over_can_still_be_checked(tmp_path: Path) -> None:
    site = tmp_path / "site.toml"
    tiny = (resources.files("prewatt_fixtures") / "sites" / "tiny.toml").read_text("utf-8")
    window = "since = 2021-12-28T08:00:00+08:00\nuntil = 2021-12-28T09:00:00+08:00"
    site.write_text(f'{tiny}\n[[faults]]\nkind = "lose-reply"\n{window}\n', "utf-8")
    done = subprocess.run((PREWATT, "sim", "check", str(site)), check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
