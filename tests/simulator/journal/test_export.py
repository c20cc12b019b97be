"""A journal as text, JSON lines and captures, and as a file."""

import json
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from prewatt_fixtures.wire import mbap, rtu, vendor
from prewatt_fixtures.wire.pdu import read_holding
from prewatt_simulator.faults import Fault
from prewatt_simulator.journal.export import to_json_lines, to_text
from prewatt_simulator.journal.file import JournalFile, UnknownFormat
from prewatt_simulator.journal.pcapng import RTU_PORT, to_pcapng

METER = "0010010101"


@pytest.fixture
def master(master_of: Any, opened: Any) -> Any:
    master = master_of(opened)
    master.ask(read_holding(0x0221, 1))
    master.farm.faults.add(Fault(kind="lose-reply", function=0x20))
    master.clock.advance(1.5)
    master.ask(vendor.encode_request(vendor.TopUp(5000, 7)))
    master.ask(read_holding(0x9999, 1))
    master.ask(read_holding(0, 2), unit=9)
    return master


def test_text_has_time_bus_meter_frame_and_verdict(master: Any) -> None:
    bus = "001001/1 unit"
    assert to_text(master.farm.journal).splitlines() == [
        f"2021-12-27T16:00:00.000+00:00 {bus} 1 {METER} > read registers 0221H (answered)",
        f"2021-12-27T16:00:00.000+00:00 {bus} 1 {METER} < 0006 (answered)",
        f"2021-12-27T16:00:01.500+00:00 {bus} 1 {METER} > top up 50.00 as purchase 7 (reply-lost) [lose-reply-1]",
        f"2021-12-27T16:00:01.500+00:00 {bus} 1 {METER} < done, remaining 91.24 (reply-lost) [lose-reply-1]",
        f"2021-12-27T16:00:01.500+00:00 {bus} 1 {METER} > read registers 9999H (answered)",
        f"2021-12-27T16:00:01.500+00:00 {bus} 1 {METER} < exception 02 illegal address (answered)",
        f"2021-12-27T16:00:01.500+00:00 {bus} 9 nobody > read registers 0000H-0001H (absent)",
    ]


def test_json_lines_hold_every_frame(master: Any) -> None:
    rows = [json.loads(line) for line in to_json_lines(master.farm.journal).splitlines()]
    assert [row["direction"] for row in rows] == ["request", "reply"] * 3 + ["request"]
    assert rows[1] == {
        "at": rows[0]["at"],
        "time": "2021-12-27T16:00:00.000+00:00",
        "gateway": "001001",
        "port": 1,
        "unit": 1,
        "meter": METER,
        "direction": "reply",
        "pdu": "03020006",
        "decode": "0006",
        "verdict": "answered",
        "fault": None,
    }
    assert [row["fault"] for row in rows] == [None, None, "lose-reply-1", "lose-reply-1", None, None, None]


def dissected(tshark: str, capture: Path, *options: str) -> list[list[str]]:
    fields = ["frame.protocols", "modbus.func_code", "modbus.exception_code", "frame.comment", "tcp.stream"]
    command = [tshark, "-r", str(capture), *options, "-T", "fields", "-E", "occurrence=f"]
    done = subprocess.run(
        [*command, *(part for field in fields for part in ("-e", field))],
        capture_output=True,
        text=True,
        check=True,
    )
    return [line.split("\t") for line in done.stdout.splitlines()]


@pytest.mark.peer
def test_tshark_decodes_a_capture_of_modbus_tcp(
    master: Any, tmp_path: Path, peer: Callable[[str], str]
) -> None:
    capture = tmp_path / "journal.pcapng"
    capture.write_bytes(to_pcapng(master.farm.journal))
    rows = dissected(peer("tshark"), capture)
    assert all("mbtcp:modbus" in row[0] for row in rows)
    assert [row[1] for row in rows] == ["3", "3", "32", "32", "3", "3", "3"]
    assert [row[2] for row in rows] == ["", "", "", "", "", "2", ""]
    transactions = ("-T", "fields", "-e", "mbtcp.trans_id")
    shown = subprocess.run(
        [peer("tshark"), "-r", str(capture), *transactions], capture_output=True, text=True, check=True
    )
    assert shown.stdout.split() == ["1", "1", "2", "2", "3", "3", "4"]
    assert rows[2][3] == f"{METER}, reply-lost, fault lose-reply-1"
    checked = ("-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-Y", "_ws.malformed")
    assert dissected(peer("tshark"), capture, *checked) == []
    bad = "tcp.checksum.status == 0 || ip.checksum.status == 0 || tcp.analysis.flags"
    assert dissected(peer("tshark"), capture, *checked[:4], "-Y", bad) == []


@pytest.mark.peer
def test_tshark_decodes_a_capture_of_rtu(master: Any, tmp_path: Path, peer: Callable[[str], str]) -> None:
    capture = tmp_path / "journal.pcapng"
    capture.write_bytes(to_pcapng(master.farm.journal, "rtu"))
    told = ("-d", f"tcp.port=={RTU_PORT},mbrtu", "-o", f"mbrtu.tcp.port:{RTU_PORT}")
    rows = dissected(peer("tshark"), capture, *told)
    assert all("mbrtu:modbus" in row[0] for row in rows)
    assert [row[1] for row in rows] == ["3", "3", "32", "32", "3", "3", "3"]


def test_a_file_is_written_during_the_run_and_complete_at_the_end(
    master_of: Any, opened: Any, tmp_path: Path
) -> None:
    path = tmp_path / "journal.jsonl"
    with JournalFile(path, "rtu") as file:
        master = master_of(opened, journal=file.journal)
        master.ask(read_holding(0, 2))
        file.write()
        master.ask(read_holding(0, 2))
        file.write()
        assert len(path.read_text().splitlines()) == 2
    assert path.read_text() == to_json_lines(master.farm.journal)


def test_an_unknown_file_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownFormat, match=r"\.txt, \.jsonl or \.pcapng"):
        JournalFile(tmp_path / "journal.doc", "rtu")


@pytest.mark.peer
def test_a_run_writes_a_capture(running: Any, tmp_path: Path, peer: Callable[[str], str]) -> None:
    capture = tmp_path / "run.pcapng"
    with (
        running("tiny", "--protocol", "tcp", "--journal", str(capture)) as rows,
        socket.create_connection((rows[1]["host"], rows[1]["tcp"]), timeout=10) as client,
    ):
        client.sendall(mbap.encode(1, 1, read_holding(0x0221, 1)))
        assert client.recv(100)
    assert [row[1] for row in dissected(peer("tshark"), capture)] == ["3", "3"]


@pytest.mark.anyio
async def test_damaged_bytes_are_exported(master_of: Any, opened: Any, served: Any) -> None:
    master = master_of(opened)
    master.farm.faults.add(Fault(kind="truncate", size=2, count=1))
    async with served(master.farm) as wire:
        wire.send(rtu.encode(1, read_holding(0x0221, 1)))
        left = await wire.receive(5)
    reply = json.loads(to_json_lines(master.farm.journal).splitlines()[1])
    assert reply["sent"] == [left.hex()]
    assert f"truncate-1, left as {left.hex()}".encode() in to_pcapng(master.farm.journal)
