"""Any input: the modem neither raises nor grows."""

import random
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prewatt_simulator.modem import Modem
from prewatt_simulator.modem.errors import PduError
from prewatt_simulator.modem.pdu import decode_submit

FRAGMENTS = (
    *(
        b"AT",
        b"at+",
        b"+CMGS=",
        b"+CMGS=19",
        b"+CNMI=",
        b"+CSCA=",
        b"+CPIN=",
        b"+CMGL=",
        b"+CMGR=",
        b"+CMGD=",
    ),
    *(
        b"+CMEE=2",
        b"+COPS=",
        b"+CREG=1",
        b"+CPMS=",
        b"+CSMS=1",
        b"+CNMA",
        b"+CSCS=",
        b"E1",
        b"E0",
        b"Z",
        b"&F",
    ),
    *(
        b"?",
        b"=?",
        b"=",
        b",",
        b";",
        b'"',
        b'""',
        b"0",
        b"1",
        b"4",
        b"99999999999",
        b" ",
        b"\x08",
        b"\x00",
        b"\xff",
    ),
    *(b"0001000D91683108108300F0000005E8329BFD06", b"0021000D91683108108300F0000005E8329BFD06"),
    *(b"0041000D91683108108300F0000808050003070201D83D", b"0041000D91683108108300F000080805000307FF01D83D"),
    *(b"\r", b"\r", b"\r", b"\n", b"\x1a", b"\x1a", b"\x1b"),
)
OUTPUT_OCTETS_MAX = 65536


def answers_still(modem: Modem) -> bool:
    modem.data_to_send()
    modem.receive(b"\x1b\rATE0\r")
    modem.data_to_send()
    modem.receive(b"AT\r")
    return modem.data_to_send() == b"\r\nOK\r\n"


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS) | st.binary(max_size=8), max_size=60))
def test_any_input_is_answered_or_ignored(console_of: Any, pieces: list[bytes]) -> None:
    modem = console_of().modem
    for piece in pieces:
        modem.receive(piece)
    assert answers_still(modem)


@settings(max_examples=300, deadline=None)
@given(data=st.data(), body=st.binary(max_size=200))
def test_any_octets_are_decoded_or_refused(data: st.DataObject, body: bytes) -> None:
    octets = data.draw(st.sampled_from([b"", b"\x00\x01", b"\x00\x41\x00\x02\x81\x21\x00\x08"])) + body
    try:
        decode_submit(octets, len(octets) - 1)
    except PduError:
        return


def test_a_flood_is_handled_in_bounded_memory(console_of: Any) -> None:
    modem = console_of().modem
    rng = random.Random(4)

    def flood(count: int) -> None:
        for _ in range(count):
            modem.receive(rng.choice(FRAGMENTS))
        modem.inbox.clear()
        assert len(modem.data_to_send()) <= OUTPUT_OCTETS_MAX

    flood(15_000)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        flood(30_000)
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 100_000
    assert answers_still(modem)


@pytest.mark.parametrize(
    "prefix",
    [b"", b"AT+CMGS=19\r"],
    ids=["line", "prompt"],
)
def test_an_endless_line_is_dropped(console: Any, prefix: bytes) -> None:
    modem = console.modem
    modem.receive(prefix)
    modem.receive(b"A" * 1_000_000)
    tracemalloc.start()
    try:
        modem.receive(b"A" * 1_000_000)
        assert tracemalloc.get_traced_memory()[0] < 200_000
    finally:
        tracemalloc.stop()
    assert answers_still(modem)


def test_input_during_sending_is_kept_up_to_a_bound(console: Any, submit: Any) -> None:
    console.modem.network.answer_s = 5
    console.send(submit("10086", "hello"))
    for _ in range(5000):
        assert console.type("AT\r") == ""
    told = console.pass_time(5)
    assert 1000 < told.count("OK") < 2000


def test_incomplete_texts_are_bounded(console: Any, submit: Any) -> None:
    for reference in range(300):
        console.send(submit(str(10000 + reference), "part", part=(reference % 256, 2, 1)))
    incomplete = console.modem.inbox.incomplete
    assert len(incomplete) == 100
    assert incomplete[-1].number == "10299"


def test_reports_are_bounded_and_the_modem_goes_on_answering(console: Any, submit: Any) -> None:
    console.modem.network.report_s = 3600.0
    console.type("AT+CNMI=2,0,0,1,0\r")
    asked = submit("10086", "hello", report=True)
    for _ in range(1100):
        assert console.send(asked).endswith("OK\r\n")
    assert console.pass_time(3600).count("+CDS") == 64
    assert answers_still(console.modem)
