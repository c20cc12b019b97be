"""A replayed device: its values over time, refusals, writes, and units that never answered."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewatt_fixtures.wire import mbap, rtu
from prewatt_simulator.errors import FaultRuleError
from prewatt_simulator.faults import Fault

pytestmark = pytest.mark.anyio

Replayed = Callable[..., Any]

ONE = "0300000001"
TWO = "0300000002"
CHANGING = ((10, 1, ONE, "0302000a"), (20, 1, ONE, "03020014"), (30, 1, ONE, "0302001e"))


class TestRegisters:
    def test_each_moment_shows_the_last_recorded_value(self, replayed: Replayed) -> None:
        master = replayed(*CHANGING)
        assert [master.ask(at, ONE) for at in (10, 19.999999, 20, 29.999999, 30)] == [
            "0302000a",
            "0302000a",
            "03020014",
            "03020014",
            "0302001e",
        ]

    def test_before_the_first_value_it_shows_that_value(self, replayed: Replayed) -> None:
        assert replayed(*CHANGING).ask(0, ONE) == "0302000a"

    def test_at_the_end_the_last_values_stay(self, replayed: Replayed) -> None:
        assert replayed(*CHANGING).ask(1e6, ONE) == "0302001e"

    def test_a_loop_repeats_after_the_last_reply(self, replayed: Replayed) -> None:
        master = replayed(*CHANGING, loop=True)
        assert [master.ask(at, ONE) for at in (30.049, 30.05, 50.05, 60.1 + 30)] == [
            "0302001e",
            "0302000a",
            "03020014",
            "0302001e",
        ]

    def test_ranges_may_be_grouped_differently(self, replayed: Replayed) -> None:
        master = replayed((0, 1, "0300000003", "0306000100020003"), (5, 1, "0300020002", "030400090004"))
        assert master.ask(4, "0300010002") == "030400020003"
        assert master.ask(5, "0300000004") == "03080001000200090004"

    def test_address_spaces_are_separate_and_coils_are_packed(self, replayed: Replayed) -> None:
        master = replayed((0, 1, "010000000a", "0102ff01"), (0, 1, "0400000001", "04020007"))
        assert master.ask(0, "0100080002") == "010101"
        assert master.ask(0, "0400000001") == "04020007"
        assert master.ask(0, ONE) == "8302"

    @pytest.mark.parametrize(
        ("request_pdu", "reply"),
        [
            ("0300000002", "8302"),
            ("0400000001", "8402"),
            ("0600050001", "8602"),
            ("0300000000", "8303"),
            ("03000000", "8303"),
            ("1000000001020102ff", "9003"),
            ("2b0e0100", "ab01"),
        ],
    )
    def test_what_was_never_recorded_is_refused(
        self, replayed: Replayed, request_pdu: str, reply: str
    ) -> None:
        assert replayed(*CHANGING).ask(15, request_pdu) == reply


class TestRefusals:
    def test_an_exception_repeats_until_the_request_was_answered(self, replayed: Replayed) -> None:
        master = replayed((0, 1, ONE, "03020001"), (10, 1, ONE, "8306"), (12, 1, ONE, "03020002"))
        assert [master.ask(at, ONE) for at in (9, 10, 11, 12)] == ["03020001", "8306", "8306", "03020002"]

    def test_a_refused_range_is_refused_from_the_start(self, replayed: Replayed) -> None:
        assert replayed((10, 1, "0309990001", "8302")).ask(0, "0309990001") == "8302"

    def test_before_its_refusal_a_range_is_answered_from_other_reads(self, replayed: Replayed) -> None:
        master = replayed((0, 1, TWO, "030400010002"), (10, 1, ONE, "8306"))
        assert [master.ask(at, ONE) for at in (5, 10)] == ["03020001", "8306"]

    def test_recorded_silence_repeats(self, replayed: Replayed) -> None:
        master = replayed((0, 1, ONE, "03020001"), (10, 1, ONE, None), (12, 1, ONE, "03020002"))
        assert [master.ask(at, ONE) for at in (9, 10, 12)] == ["03020001", "", "03020002"]
        assert [entry.verdict for entry in master.replay.journal] == ["answered", "absent", "answered"]

    def test_other_functions_repeat_their_replies(self, replayed: Replayed) -> None:
        master = replayed((10, 1, "2b0e0100", "2b0eaa"), (20, 1, "2b0e0100", "2b0ebb"))
        assert [master.ask(at, "2b0e0100") for at in (0, 15, 20)] == ["2b0eaa", "2b0eaa", "2b0ebb"]


class TestWrites:
    SEEN = (
        (0, 1, TWO, "030400010002"),
        (20, 1, "10000000010200aa", "1000000001"),
        (40, 1, TWO, "030400aa0002"),
        (60, 1, TWO, "030400bb0002"),
    )

    def test_a_recorded_write_shows_from_then_on(self, replayed: Replayed) -> None:
        master = replayed(*self.SEEN)
        assert [master.ask(at, TWO) for at in (19, 20, 60)] == [
            "030400010002",
            "030400aa0002",
            "030400bb0002",
        ]

    def test_a_write_shows_until_a_newer_recorded_value(self, replayed: Replayed) -> None:
        master = replayed(*self.SEEN)
        assert master.ask(30, "1000000002040011 0022") == "1000000002"
        assert [master.ask(at, TWO) for at in (30, 40, 59)] == ["030400110022"] * 3
        assert master.ask(60, TWO) == "030400bb0022"

    def test_single_registers_and_coils_can_be_written(self, replayed: Replayed) -> None:
        master = replayed(*self.SEEN, (70, 1, "0100000002", "010100"))
        assert master.ask(80, "060001abcd") == "060001abcd"
        assert master.ask(81, "050001ff00") == "050001ff00"
        assert master.ask(82, TWO) == "030400bbabcd"
        assert master.ask(83, "0100000002") == "010102"
        assert master.ask(84, "0f0000000201 01") == "0f00000002"
        assert master.ask(85, "0100000002") == "010101"

    def test_a_refused_write_is_refused_and_changes_nothing(self, replayed: Replayed) -> None:
        master = replayed(*self.SEEN, (70, 1, "0600010005", "8604"))
        assert master.ask(80, "0600010005") == "8604"
        assert master.ask(81, TWO) == "030400bb0002"

    def test_a_new_round_drops_writes(self, replayed: Replayed) -> None:
        master = replayed(*self.SEEN, loop=True)
        master.ask(60.01, "060001abcd")
        assert master.ask(60.02, TWO) == "030400bbabcd"
        assert master.ask(60.05 + 60, TWO) == "030400bb0002"


@given(pdu=st.binary(min_size=1, max_size=253))
def test_any_request_is_answered(replayed: Replayed, pdu: bytes) -> None:
    master = replayed(*CHANGING, (40, 1, "0100000010", "0102ffff"))
    reply = master.ask(50, pdu.hex())
    assert reply is not None
    assert bytes.fromhex(reply)[0] & 0x7F == pdu[0] & 0x7F


class TestUnits:
    async def test_a_unit_that_never_answered_is_absent(self, replayed: Replayed, connected: Any) -> None:
        """Silence over RTU, exception 0BH over Modbus TCP, whatever was recorded over which."""
        rows = ((0, 1, ONE, "03020001"), (1, 2, ONE, None), (2, 3, ONE, "830b"))
        for framing in ("rtu", "tcp"):
            replay = replayed(*rows, framing=framing).replay
            assert replay.device_numbers == ("0000010101",)
            async with replay.serving(framing="rtu") as endpoints, connected(endpoints[0]) as wire:
                for unit in (2, 3, 4, 1):
                    wire.send(rtu.encode(unit, bytes.fromhex(ONE)))
                assert await wire.receive(7) == rtu.encode(1, bytes.fromhex("03020001"))
            async with replay.serving(framing="tcp") as endpoints, connected(endpoints[0]) as wire:
                for unit in (2, 3, 4):
                    wire.send(mbap.encode(unit, unit, bytes.fromhex(ONE)))
                    assert await wire.receive(9) == mbap.encode(unit, unit, b"\x83\x0b")

    async def test_a_replay_works_in_memory(self, replayed: Replayed) -> None:
        async with replayed(*CHANGING).replay.in_memory(framing="tcp") as network:
            connection = await network.connect("memory", 1)
            await connection.write(mbap.encode(7, 1, bytes.fromhex(ONE)))
            assert await connection.read() == mbap.encode(7, 1, bytes.fromhex("0302000a"))


class TestFaults:
    def test_rules_hit_recorded_devices(self, replayed: Replayed) -> None:
        master = replayed(*CHANGING)
        master.replay.faults.add(Fault(kind="exception", code=6, meter="0000010101", register=0, count=1))
        master.replay.faults.add(Fault(kind="lose-reply", count=1))
        assert [master.ask(15, ONE) for _ in range(3)] == ["8306", None, "0302000a"]
        assert [entry.fault for entry in master.replay.journal] == ["exception-1", "lose-reply-2", None]

    def test_a_read_may_be_torn(self, replayed: Replayed) -> None:
        master = replayed((0, 1, TWO, "030400010001"), (10, 1, TWO, "030400020002"))
        master.ask(5, TWO)
        master.replay.faults.add(Fault(kind="torn-read", register=0, count=1))
        assert [master.ask(10, TWO) for _ in range(2)] == ["030400010002", "030400020002"]

    def test_a_write_may_be_torn(self, replayed: Replayed) -> None:
        master = replayed((0, 1, TWO, "030400010001"))
        master.replay.faults.add(Fault(kind="torn-write", applied=1, count=1))
        assert master.ask(5, "100000000204000700 08") is None
        assert master.ask(5, TWO) == "030400070001"

    def test_faults_inside_a_meter_are_refused(self, replayed: Replayed) -> None:
        with pytest.raises(FaultRuleError, match="not a recorded device"):
            replayed(*CHANGING).replay.faults.add(Fault(kind="weld-relay", meter="0000010101", relay="open"))


class TestLatencies:
    def test_a_device_answers_after_its_median_time(self, replayed: Replayed) -> None:
        master = replayed((0.0, 1, "0300000001", "03020007"), latencies=True)
        reply, outcome = master.replay.bus("000001").exchange(
            1, bytes.fromhex("0300000001"), master.clock.time()
        )
        assert reply == bytes.fromhex("03020007")
        assert outcome is not None
        assert outcome.held_s == 0.05

    def test_without_the_option_it_answers_at_once(self, replayed: Replayed) -> None:
        master = replayed((0.0, 1, "0300000001", "03020007"))
        _, outcome = master.replay.bus("000001").exchange(1, bytes.fromhex("0300000001"), master.clock.time())
        assert outcome is None
