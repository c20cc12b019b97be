"""Exchanges found in the bytes of a connection: pairing, order, silence, stray bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewatt_fixtures.endpoints import Framing
from prewatt_fixtures.wire import mbap, rtu
from prewatt_fixtures.wire.pdu import read_holding
from prewatt_simulator.recording.tap import GAP_S, WAITING_MAX, TappedExchange, tap

READ = read_holding(0, 1)
OTHER = read_holding(7, 2)
ANSWER = b"\x03\x02\x12\x34"
OTHER_ANSWER = b"\x03\x04\0\1\0\2"


def frame(framing: Framing, pdu: bytes, *, unit: int = 1, transaction: int = 1) -> bytes:
    return rtu.encode(unit, pdu) if framing == "rtu" else mbap.encode(transaction, unit, pdu)


@pytest.mark.parametrize("framing", ["rtu", "tcp"])
class TestBothFramings:
    def test_an_exchange_has_its_time_and_latency(self, framing: Framing) -> None:
        listening = tap(framing)
        assert listening.from_client(frame(framing, READ), 10.0) == []
        assert listening.from_gateway(frame(framing, ANSWER), 10.25) == [
            TappedExchange(10.0, 1, READ, ANSWER, 0.25)
        ]
        assert (listening.end(), listening.stray_bytes) == ([], 0)

    def test_single_bytes_give_the_same_exchange(self, framing: Framing) -> None:
        listening, heard = tap(framing), []
        for byte in frame(framing, READ):
            heard += listening.from_client(bytes((byte,)), 1.0)
        for byte in frame(framing, ANSWER):
            heard += listening.from_gateway(bytes((byte,)), 2.0)
        assert heard == [TappedExchange(1.0, 1, READ, ANSWER, 1.0)]

    def test_requests_in_one_segment_are_answered_in_order(self, framing: Framing) -> None:
        listening = tap(framing)
        listening.from_client(frame(framing, READ) + frame(framing, OTHER, transaction=2), 1.0)
        both = frame(framing, ANSWER) + frame(framing, OTHER_ANSWER, transaction=2)
        assert [each.reply for each in listening.from_gateway(both, 2.0)] == [ANSWER, OTHER_ANSWER]

    def test_unanswered_requests_are_returned_at_the_end(self, framing: Framing) -> None:
        listening = tap(framing)
        listening.from_client(frame(framing, READ), 1.0)
        assert listening.end() == [TappedExchange(1.0, 1, READ)]

    def test_an_exception_is_a_reply(self, framing: Framing) -> None:
        listening = tap(framing)
        listening.from_client(frame(framing, READ), 1.0)
        (heard,) = listening.from_gateway(frame(framing, b"\x83\x06"), 1.5)
        assert heard.reply == b"\x83\x06"

    def test_bytes_of_no_exchange_are_counted(self, framing: Framing) -> None:
        listening = tap(framing)
        late = frame(framing, ANSWER)
        assert listening.from_gateway(late, 1.0) == []
        assert listening.stray_bytes == len(late)

    def test_waiting_requests_are_bounded(self, framing: Framing) -> None:
        listening = tap(framing)
        many = b"".join(frame(framing, READ, transaction=each) for each in range(WAITING_MAX + 9))
        assert len(listening.from_client(many, 1.0)) == 9
        assert len(listening.end()) == WAITING_MAX


@pytest.mark.parametrize("framing", ["rtu", "tcp"])
@given(stream=st.lists(st.tuples(st.booleans(), st.binary(min_size=1, max_size=40))))
def test_any_bytes_are_taken(framing: Framing, stream: list[tuple[bool, bytes]]) -> None:
    listening = tap(framing)
    for by_client, data in stream:
        (listening.from_client if by_client else listening.from_gateway)(data, 1.0)
    assert 0 <= listening.stray_bytes <= sum(len(data) for _, data in stream)
    listening.end()


class TestRtu:
    def test_a_new_request_ends_the_wait_of_the_one_before(self) -> None:
        """Without this, one lost reply would shift every later value of a poll by one."""
        listening = tap("rtu")
        listening.from_client(rtu.encode(1, READ), 1.0)
        assert listening.from_client(rtu.encode(1, READ), 2.0) == [TappedExchange(1.0, 1, READ)]
        assert listening.from_gateway(rtu.encode(1, ANSWER), 2.5) == [
            TappedExchange(2.0, 1, READ, ANSWER, 0.5)
        ]

    def test_a_reply_of_another_unit_does_not_fit(self) -> None:
        listening = tap("rtu")
        listening.from_client(rtu.encode(1, READ), 1.0)
        assert listening.from_gateway(rtu.encode(2, ANSWER), 1.1) == []
        (heard,) = listening.from_gateway(rtu.encode(1, ANSWER), 1.2)
        assert (heard.reply, listening.stray_bytes) == (ANSWER, 7)

    def test_silence_ends_an_incomplete_request(self) -> None:
        listening = tap("rtu")
        listening.from_client(rtu.encode(1, READ)[:5], 1.0)
        listening.from_client(rtu.encode(1, READ), 1.0 + 2 * GAP_S)
        assert listening.from_gateway(rtu.encode(1, ANSWER), 1.2)[0].reply == ANSWER
        assert listening.stray_bytes == 5

    def test_a_broadcast_is_complete_at_once(self) -> None:
        assert tap("rtu").from_client(rtu.encode(0, READ), 1.0) == [TappedExchange(1.0, 0, READ)]


class TestTcp:
    def test_replies_are_paired_by_transaction(self) -> None:
        listening = tap("tcp")
        listening.from_client(mbap.encode(1, 1, READ), 1.0)
        listening.from_client(mbap.encode(2, 1, OTHER), 1.1)
        (heard,) = listening.from_gateway(mbap.encode(2, 1, OTHER_ANSWER), 1.2)
        assert heard.request == OTHER
        (heard,) = listening.from_gateway(mbap.encode(1, 1, ANSWER), 1.5)
        assert (heard.request, heard.latency_s) == (READ, 0.5)

    def test_a_malformed_header_is_counted_as_stray(self) -> None:
        listening = tap("tcp")
        assert listening.from_client(b"GET / HTTP/1.1\r\n", 1.0) == []
        assert listening.stray_bytes == 16
