"""Bytes of a client that are no frame: entries of the journal, and an assertion that finds them."""

import json
from typing import Any

import pytest

from prewatt_fixtures.wire import mbap, rtu
from prewatt_fixtures.wire.pdu import read_holding, write_multiple
from prewatt_simulator.journal import expectations as expect
from prewatt_simulator.journal.export import to_json_lines, to_text
from prewatt_simulator.journal.journal import MALFORMED_BYTES_MAX, Verdict
from prewatt_simulator.journal.pcapng import to_pcapng

READ = read_holding(0x0221, 1)
BAD_CRC = rtu.encode(1, READ)[:-1] + b"\0"


@pytest.fixture
def sent(master_of: Any, opened: Any, virtually: Any) -> Any:
    """Sends segments to a farm in memory, waits, ends the connection, and returns the journal."""

    def send(framing: str, *segments: bytes) -> Any:
        async def work(clock: Any) -> Any:
            farm = master_of(opened, opened, clock=clock).farm
            async with farm.in_memory(framing=framing) as network:
                connection = await network.connect(network.endpoints[0].host, network.endpoints[0].tcp)
                for segment in segments:
                    await connection.write(segment)
                await clock.sleep(1)
                connection.close()
                await clock.sleep(1)
            return farm.journal

        return virtually(work)

    return send


def malformed(journal: Any) -> list[tuple[Verdict, bytes]]:
    return [(entry.verdict, entry.request) for entry in journal if entry.unit is None]


@pytest.mark.parametrize(
    ("framing", "data", "verdict"),
    [
        pytest.param("rtu", BAD_CRC, Verdict.BAD_CRC, id="bad CRC"),
        pytest.param("rtu", BAD_CRC[:5], Verdict.BAD_CRC, id="half a frame"),
        pytest.param("tcp", b"\0\1\0\1\0\6\1\3\0\0\0\1", Verdict.BAD_HEADER, id="wrong protocol id"),
        pytest.param("tcp", b"\0\1\0\0\xff\xff\1\3\0\0\0\1", Verdict.BAD_HEADER, id="absurd length"),
        pytest.param("tcp", mbap.encode(1, 1, READ)[:-1], Verdict.TRUNCATED, id="half a frame, then the end"),
    ],
)
def test_malformed_bytes_are_an_entry_with_verdict_and_bytes(
    sent: Any, framing: str, data: bytes, verdict: Verdict
) -> None:
    (entry,) = sent(framing, data)
    assert (entry.verdict, entry.request, entry.reply) == (verdict, data, None)
    assert (entry.gateway, entry.port, entry.unit, entry.meter, entry.function) == (
        "001001",
        1,
        None,
        None,
        None,
    )


def test_the_assertion_shows_the_bytes(sent: Any) -> None:
    with pytest.raises(expect.ClientMisbehaved) as misbehaved:
        expect.whole_frames_only(sent("rtu", BAD_CRC))
    first, line = str(misbehaved.value).splitlines()
    assert first == "1 times bytes arrived that are no frame:"
    assert line.endswith(f"001001/1 > {BAD_CRC.hex()} (bad-crc)")


def test_sound_frames_pass(sent: Any) -> None:
    expect.whole_frames_only(sent("rtu", rtu.encode(1, READ), rtu.encode(9, READ)))
    expect.whole_frames_only(sent("tcp", mbap.encode(1, 1, READ)[:3], mbap.encode(1, 1, READ)[3:]))


def test_the_other_assertions_look_at_requests_only(sent: Any) -> None:
    write = rtu.encode(1, write_multiple(0x0061, b"\0\5"))
    journal = sent("rtu", write[:-1] + b"\0", write[:-1] + b"\0")
    expect.no_writes(journal)
    expect.writes_read_back(journal)
    expect.no_blind_repeats(journal)
    expect.silent_asked_at_most_every(journal, 60)
    expect.one_request_at_a_time(journal)
    assert journal.writes() == []
    assert journal.requests(function=0x10) == []


def test_a_good_frame_beside_malformed_bytes_is_answered(sent: Any) -> None:
    journal = sent("rtu", BAD_CRC + rtu.encode(1, READ))
    assert malformed(journal) == [(Verdict.BAD_CRC, BAD_CRC)]
    assert [entry.verdict for entry in journal.requests(meter="0010010101")] == [Verdict.ANSWERED]


def test_a_good_frame_before_a_bad_header_is_answered(sent: Any) -> None:
    bad = b"\0\1\0\1\0\6\1\3\0\0\0\1"
    journal = sent("tcp", mbap.encode(7, 1, READ) + bad)
    assert malformed(journal) == [(Verdict.BAD_HEADER, bad)]
    assert [entry.verdict for entry in journal.requests(meter="0010010101")] == [Verdict.ANSWERED]


def test_of_a_long_run_the_first_bytes_are_kept(sent: Any) -> None:
    (entry,) = sent("rtu", b"\xfe" * 400)
    assert entry.request == b"\xfe" * MALFORMED_BYTES_MAX


def test_what_the_gateway_cut_off_itself_is_not_the_clients_fault(
    master_of: Any, opened: Any, virtually: Any
) -> None:
    async def work(clock: Any) -> Any:
        farm = master_of(opened, clock=clock).farm
        async with farm.in_memory(framing="tcp") as network:
            connection = await network.connect(network.endpoints[0].host, network.endpoints[0].tcp)
            await connection.write(b"\0\1\0")
        await clock.sleep(1)
        return farm.journal

    assert not list(virtually(work))


def test_exports_show_malformed_bytes_as_they_arrived(sent: Any) -> None:
    journal = sent("rtu", BAD_CRC)
    (line,) = to_text(journal).splitlines()
    assert line.endswith(f"001001/1 > {BAD_CRC.hex()} (bad-crc)")
    row = json.loads(to_json_lines(journal))
    assert (row["unit"], row["meter"], row["pdu"], row["verdict"]) == (None, None, BAD_CRC.hex(), "bad-crc")
    assert BAD_CRC in to_pcapng(journal)
    assert to_pcapng(journal, "rtu").count(BAD_CRC) == 1
