"""Assertions on the journal: each passes for a well-behaved client and shows the frames otherwise."""

from typing import Any

import pytest

from prewatt_fixtures.wire import mbap, rtu, vendor
from prewatt_fixtures.wire.pdu import read_holding
from prewatt_simulator.faults import Fault
from prewatt_simulator.journal import expectations as expect

READ = read_holding(0, 2)
TOP_UP = vendor.encode_request(vendor.TopUp(5000, 7))
METER = "0010010101"


@pytest.fixture
def master(master_of: Any, opened: Any) -> Any:
    return master_of(opened, opened)


class TestOneRequestAtATime:
    pytestmark = pytest.mark.anyio

    @pytest.mark.parametrize("wire_timing", [False, True])
    async def test_requests_in_turn_pass(
        self, master_of: Any, opened: Any, served: Any, jump_clock: Any, wire_timing: bool
    ) -> None:
        master = master_of(opened, clock=jump_clock, wire_timing=wire_timing)
        async with served(master.farm) as wire:
            for _ in range(5):
                wire.send(rtu.encode(1, READ))
                await wire.receive(9)
        expect.one_request_at_a_time(master.farm.journal)

    @pytest.mark.parametrize("wire_timing", [False, True])
    async def test_a_request_before_the_reply_fails(
        self, master_of: Any, opened: Any, served: Any, jump_clock: Any, wire_timing: bool
    ) -> None:
        master = master_of(opened, clock=jump_clock, wire_timing=wire_timing)
        async with served(master.farm, "tcp") as wire:
            wire.send(mbap.encode(1, 1, READ) + mbap.encode(2, 1, read_holding(0x0221, 1)))
            await wire.receive(24)
        with pytest.raises(expect.ClientMisbehaved) as misbehaved:
            expect.one_request_at_a_time(master.farm.journal)
        first, line = str(misbehaved.value).splitlines()
        assert first == "1 requests came before the reply to the one before:"
        assert line.endswith("001001/1 unit 1 ! request before the reply read registers 0221H")


class TestWrites:
    def test_a_write_fails_no_writes(self, master: Any) -> None:
        master.ask(READ)
        expect.no_writes(master.farm.journal)
        master.ask(TOP_UP)
        expect.no_writes(master.farm.journal, "0010010102")
        with pytest.raises(expect.ClientMisbehaved, match=r"1 writes to 0010010101 .*\n.*> top up 50\.00"):
            expect.no_writes(master.farm.journal, METER)

    def test_a_write_is_read_back_from_the_same_meter(self, master: Any) -> None:
        master.ask(TOP_UP)
        master.ask(READ, unit=2)
        with pytest.raises(expect.ClientMisbehaved, match="1 writes were not read back"):
            expect.writes_read_back(master.farm.journal)
        master.ask(READ)
        expect.writes_read_back(master.farm.journal)

    def test_two_writes_in_a_row_fail(self, master: Any) -> None:
        for request in (TOP_UP, TOP_UP, READ):
            master.ask(request)
        with pytest.raises(expect.ClientMisbehaved, match="1 writes were not read back"):
            expect.writes_read_back(master.farm.journal)
        with pytest.raises(expect.ClientMisbehaved, match="1 writes were repeated"):
            expect.no_blind_repeats(master.farm.journal)

    def test_a_repeat_after_a_read_passes(self, master: Any) -> None:
        for request in (TOP_UP, READ, TOP_UP, READ):
            master.ask(request)
        expect.no_blind_repeats(master.farm.journal)


class TestSilence:
    def ask(self, master: Any, *pauses_s: float) -> None:
        master.ask(READ)
        for pause_s in pauses_s:
            master.clock.advance(pause_s)
            master.ask(READ)

    def test_a_silent_meter_asked_rarely_passes(self, master: Any) -> None:
        rule = master.farm.faults.add(Fault(kind="dead-meter", meter=METER))
        self.ask(master, 60, 60)
        master.farm.faults.remove(rule)
        self.ask(master, 1, 1, 1)
        expect.silent_asked_at_most_every(master.farm.journal, 60)

    def test_asking_it_too_often_fails(self, master: Any) -> None:
        master.farm.faults.add(Fault(kind="dead-meter", meter=METER))
        self.ask(master, 60, 59)
        with pytest.raises(
            expect.ClientMisbehaved,
            match=r"0010010101 is silent and was asked 2 times in 59\.000 s, allowed 1 in 60 s",
        ):
            expect.silent_asked_at_most_every(master.farm.journal, 60)

    def test_the_allowed_attempts_pass(self, master: Any) -> None:
        master.farm.faults.add(Fault(kind="dead-meter", meter=METER))
        self.ask(master, 1, 1, 58, 1, 1)
        expect.silent_asked_at_most_every(master.farm.journal, 60, attempts=3)
        self.ask(master)
        with pytest.raises(expect.ClientMisbehaved):
            expect.silent_asked_at_most_every(master.farm.journal, 60, attempts=3)


def test_a_failure_shows_ten_frames_and_counts_the_rest(master: Any) -> None:
    for _ in range(20):
        master.ask(TOP_UP)
    with pytest.raises(expect.ClientMisbehaved) as misbehaved:
        expect.no_writes(master.farm.journal)
    assert len(str(misbehaved.value).splitlines()) == 12
    assert str(misbehaved.value).endswith("… and 30 more")
