"""Faults of the meter itself: power cuts, relays, foreign top-ups, clocks and counters."""

import struct
from typing import Any

import pytest

from prewatt_fixtures.rates import DEFAULT_DAY_TABLE
from prewatt_fixtures.wire import vendor
from prewatt_fixtures.wire.pdu import read_holding, write_multiple
from prewatt_simulator.faults import Fault

METER = "0010010101"
READ = read_holding(0, 2)
TOP_UP = vendor.encode_request(vendor.TopUp(5000, 7))


@pytest.fixture
def master(master_of: Any, opened: Any) -> Any:
    return master_of(opened)


def money(master: Any) -> tuple[int, int, int]:
    meter = master.meter()
    return meter.remaining_fen, meter.total_purchased_fen, meter.purchase_count


class TestTornWrite:
    def test_a_torn_top_up_may_apply_the_amount_only(self, master: Any) -> None:
        master.farm.faults.add(Fault(kind="torn-write", applied=1, count=1))
        assert master.ask(TOP_UP) is None
        assert money(master) == (4125 + 5000, 30000 + 5000, 6)

    def test_a_torn_top_up_may_apply_the_count_only(self, master: Any) -> None:
        master.farm.faults.add(Fault(kind="torn-write", applied=-1, count=1))
        assert master.ask(TOP_UP) is None
        assert money(master) == (4125, 30000, 7)

    def test_a_torn_money_control_applies_some_values(self, master: Any) -> None:
        master.farm.faults.add(Fault(kind="torn-write", applied=2, count=1))
        control = vendor.MoneyControl(on=True, remaining_fen=100, purchase_count=9, overdraft_fen=700)
        assert master.ask(vendor.encode_request(control)) is None
        assert money(master) == (100, 30000, 6)

    def test_a_torn_register_write_applies_some_rows(self, master_of: Any) -> None:
        master = master_of({"model": '"ADW300"'})
        rows = master.farm.meter(METER).profile.registers
        first = next(row for row in rows if row.measurement.key == "pt_ratio")
        second = next(row for row in rows if row.measurement.key == "ct_ratio")
        assert second.address == first.end
        master.farm.faults.add(Fault(kind="torn-write", applied=-1, count=1))
        assert master.ask(write_multiple(first.address, struct.pack(">HH", 3, 40))) is None
        assert master.read_registers(first.address, 2) == (1, 40)

    def test_the_meter_is_silent_until_power_returns(self, master: Any) -> None:
        master.farm.faults.add(Fault(kind="torn-write", applied=1, count=1, function=0x20, lasts_s=30))
        master.ask(TOP_UP)
        assert master.ask(READ) is None
        master.clock.advance(30)
        assert master.ask(READ) is not None


def test_a_read_is_torn_between_the_words_of_a_value(master_of: Any, opened: Any) -> None:
    """655.35 kWh is 0000 FFFF; one count later it is 0001 0000: half of each is neither."""
    master = master_of(opened | {"start": '{ energy = "655.35", remaining = "41.25" }'})
    assert master.read_registers(0, 2) == (0, 0xFFFF)
    master.farm.faults.add(Fault(kind="torn-read", register=0, count=1))
    master.clock.advance(36)
    assert master.read_registers(0, 2) == (0, 0)
    assert master.read_registers(0, 2) == (1, 0)


def test_a_meter_that_reboots_is_silent_and_keeps_its_registers(master: Any) -> None:
    master.farm.faults.add(Fault(kind="reboot-meter", meter=METER, lasts_s=10, count=1))
    before = money(master)
    assert [master.ask(READ), master.ask(TOP_UP)] == [None, None]
    master.clock.advance(10)
    assert master.ask(READ) is not None
    assert money(master)[1:] == before[1:]
    assert [entry.fault for entry in master.farm.journal] == ["reboot-meter-1", "reboot-meter-1", None]


class TestRelay:
    def test_a_relay_welded_closed_supplies_until_the_rule_is_removed(self, master: Any) -> None:
        rule = master.farm.faults.add(Fault(kind="weld-relay", meter=METER, relay="closed"))
        master.ask(READ)
        master.clock.advance(60 * 3600)
        assert master.meter().relay_closed
        assert master.meter().remaining_fen < 0, "it goes on supplying, and counting"
        master.farm.faults.remove(rule)
        assert not master.meter().relay_closed

    def test_a_relay_welded_open_does_not_supply(self, master: Any) -> None:
        master.farm.faults.add(Fault(kind="weld-relay", meter=METER, relay="open"))
        master.ask(READ)
        before = master.meter().energy_centikwh
        master.clock.advance(3600)
        assert not master.meter().relay_closed
        assert master.meter().energy_centikwh == before

    def test_switch_relay_forces_the_relay(self, master: Any) -> None:
        master.farm.faults.add(Fault(kind="switch-relay", meter=METER, relay="open"))
        master.ask(READ)
        assert (master.meter().relay_closed, master.meter().forced) == (False, False)


class TestClock:
    def read_registers(self, master: Any) -> tuple[int, ...]:
        clock = master.read_registers(0x0228, 4)
        return tuple(byte for word in clock for byte in word.to_bytes(2, "big"))[:7]

    def test_jump_clock_happens_once(self, master: Any) -> None:
        master.farm.faults.add(Fault(kind="jump-clock", meter=METER, jump_s=-3600))
        assert self.read_registers(master)[4:] == (23, 0, 0)
        master.clock.advance(2)
        assert self.read_registers(master)[4:] == (23, 0, 2)

    def test_drift_ends_with_the_rule_and_keeps_the_deviation(self, master: Any) -> None:
        rule = master.farm.faults.add(Fault(kind="drift-clock", meter=METER, drift_ppm=10_000))
        master.ask(READ)
        master.clock.advance(3600)
        assert self.read_registers(master)[4:] == (1, 0, 36)
        master.farm.faults.remove(rule)
        master.clock.advance(3600)
        assert self.read_registers(master)[4:] == (2, 0, 36)

    def test_a_fast_clock_changes_the_rate_earlier(self, master_of: Any, opened: Any) -> None:
        master = master_of(opened | {"start": '{ energy = "0.00", remaining = "4100.00" }'})
        (_, first), (change_minute, second), *_ = DEFAULT_DAY_TABLE.slots
        master.farm.faults.add(Fault(kind="drift-clock", meter=METER, drift_ppm=50_000))
        master.ask(READ)
        master.clock.advance(change_minute * 60 / 1.05 + 600)
        by_rate = master.meter().energy_by_rate_mwh
        assert by_rate[second - 1] == pytest.approx(600 * 1_000_000 / 3600, abs=1000)
        assert by_rate[first - 1] == pytest.approx(change_minute * 1_000_000 / 60 / 1.05, abs=1000)


class TestMoney:
    def test_foreign_top_up_raises_credit_and_count(self, master: Any) -> None:
        master.farm.faults.add(Fault(kind="foreign-top-up", meter=METER, amount_fen=1000, function=0x20))
        master.ask(READ)
        assert money(master) == (4125, 30000, 6)
        reply = master.ask(TOP_UP)
        assert vendor.decode_reply(reply).result is vendor.VendorResult.WRONG_COUNT
        assert money(master) == (5125, 31000, 7)
        master.ask(TOP_UP)
        assert money(master) == (5125, 31000, 7), "it happened once"

    def test_the_purchase_count_can_be_set(self, master: Any) -> None:
        master.farm.faults.add(Fault(kind="set-purchase-count", meter=METER, purchase_count=65533))
        master.ask(READ)
        assert money(master) == (4125, 30000, 65533)

    def test_a_replaced_meter_starts_at_zero(self, master: Any) -> None:
        master.farm.faults.add(Fault(kind="replace-meter", meter=METER))
        master.ask(READ)
        assert money(master) == (0, 0, 0)
        assert (master.meter().energy_centikwh, master.meter().money_on) == (0, False)


class TestRequests:
    def test_a_repeated_request_is_executed_twice(self, master: Any) -> None:
        master.meter().counter_rule = type(master.meter().counter_rule)("unchecked")
        master.farm.faults.add(Fault(kind="repeat-request", function=0x20, count=1))
        master.ask(TOP_UP)
        assert money(master) == (4125 + 10000, 30000 + 10000, 7)

    def test_a_corrupt_request_is_another_request(self, master_of: Any, opened: Any) -> None:
        asked = set()
        for seed in range(8):
            master = master_of(opened, seed=seed)
            master.farm.faults.add(Fault(kind="corrupt-request", count=1))
            asked.add(master.ask(READ))
        assert len(asked) > 1


@pytest.mark.parametrize("jump_s", [1e9, -1e9])
def test_a_clock_past_its_century_shows_two_digits(master_of: Any, opened: Any, jump_s: float) -> None:
    """However often: the meter goes on answering, with a date that a register can hold."""
    master = master_of(opened)
    master.farm.faults.add(Fault(kind="jump-clock", meter="0010010101", jump_s=jump_s, count=400))
    for _ in range(401):
        master.clock.advance(1)
        year, month, day, *_ = master.ask(read_holding(0x0228, 4))[2:6]
        assert (year < 100, 1 <= month <= 12, 1 <= day <= 31) == (True, True, True)


class TestStale:
    def test_reads_repeat_the_first_picture_and_writes_reach_the_meter(self, master: Any) -> None:
        clock_and_credit = bytes.fromhex("03021f000d")
        rule = master.farm.faults.add(Fault(kind="stale", meter=METER))
        bus, clock = master.farm.bus(METER[:6], int(METER[6:8])), master.farm.clock
        unit = int(METER[8:], 16)
        first, _ = bus.exchange(unit, clock_and_credit, clock.time())
        clock.advance(3600)
        later, _ = bus.exchange(unit, clock_and_credit, clock.time())
        assert later == first
        count = master.farm.meter(METER).purchase_count
        bus.exchange(unit, vendor.encode_request(vendor.TopUp(5000, count + 1)), clock.time())
        assert master.farm.meter(METER).purchase_count == count + 1
        assert bus.exchange(unit, clock_and_credit, clock.time())[0] == first
        master.farm.faults.remove(rule)
        assert bus.exchange(unit, clock_and_credit, clock.time())[0] != first
