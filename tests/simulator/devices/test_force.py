"""Forced control by function 10H at 0057H, quantity 2: it overrides money control."""

from typing import Any

import pytest

from prewatt_fixtures.wire.vendor import VendorResult
from prewatt_fixtures.wire.vendor_controls import Forced, ForcedControl

HOUR_S = 3600
CLOSE, OPEN, OFF = (1, 0), (1, 1), (0, 0)


def relay_bits(master: Any) -> int:
    bits: int = master.read_registers(0x0224, 1)[0] >> 13
    return bits


def test_forced_open_stops_a_meter_with_credit(master_of: Any, opened: Any) -> None:
    master = master_of(opened)
    assert master.write(0x0057, *OPEN) == bytes.fromhex("1000570002")
    assert relay_bits(master) == 0
    assert master.read_registers(0x0224, 1)[0] & 0x0F == 0x08, "forced mode on, forced state open"
    assert master.read_registers(0x0057, 2) == OPEN
    before = master.u32(0)
    master.clock.advance(HOUR_S)
    assert master.u32(0) == before
    assert master.meter().forced is False


def test_forced_closed_supplies_a_meter_without_credit_and_counts_below_zero(
    master_of: Any, opened: Any
) -> None:
    master = master_of(opened)
    master.write(0x0057, *CLOSE)
    master.clock.advance(50 * HOUR_S)
    assert relay_bits(master) == 1
    assert master.read_registers(0x0224, 1)[0] & 0x0F == 0x09, "forced mode on, forced state closed"
    assert master.i32(0x021F) == 4125 - 5000
    assert master.meter().forced is True


def test_leaving_forced_mode_restores_money_control(master_of: Any, opened: Any) -> None:
    master = master_of(opened)
    master.write(0x0057, *CLOSE)
    master.clock.advance(50 * HOUR_S)
    master.write(0x0057, *OFF)
    assert relay_bits(master) == 0
    assert master.meter().forced is None


@pytest.mark.parametrize("ignored", [0, 1])
def test_the_state_is_ignored_while_forced_mode_is_off(master_of: Any, opened: Any, ignored: int) -> None:
    master = master_of(opened)
    master.write(0x0057, *OPEN)
    assert master.write(0x0057, 0, ignored) == bytes.fromhex("1000570002")
    assert relay_bits(master) == 1


def test_a_three_phase_meter_switches_all_phases(master_of: Any, opened: Any) -> None:
    master = master_of({**opened, "model": '"DTSY1352-NK/F"'})
    assert relay_bits(master) == 0b111
    master.write(0x0057, *OPEN)
    assert relay_bits(master) == 0
    assert master.read_registers(0x0225, 1)[0] == 0x077F, "every controller would close"


def test_other_values_are_refused_whole(master_of: Any, opened: Any) -> None:
    master = master_of(opened)
    assert master.write(0x0057, 1, 2) == b"\x90\x03"
    assert master.write(0x0057, 2, 1) == b"\x90\x03"
    assert master.read_registers(0x0057, 2) == OFF


class TestNewer:
    """Function 20H at 0x0500 does the same; that its state 1 opens is assumed."""

    def test_it_forces_and_restores(self, master_of: Any, opened: Any) -> None:
        master = master_of(opened)
        for forced, closed, words in (
            (Forced(on=True, is_open=True), False, OPEN),
            (Forced(on=True, is_open=False), True, CLOSE),
            (Forced(on=False, is_open=False), True, OFF),
        ):
            reply = master.command(ForcedControl((forced, None, None)))
            assert (reply.result, reply.start, reply.quantity) == (VendorResult.DONE, 0x0500, 5)
            assert master.meter().relay_closed is closed
            assert master.read_registers(0x0057, 2) == words

    def test_all_phases_are_forced_alike(self, master_of: Any, opened: Any) -> None:
        master = master_of({**opened, "model": '"DTSY1352-NK/F"'})
        is_open = Forced(on=True, is_open=True)
        assert master.command(ForcedControl((is_open,) * 3)).result is VendorResult.DONE
        assert relay_bits(master) == 0
        for odd in (Forced(on=True, is_open=False), None):
            assert master.command(ForcedControl((is_open, is_open, odd))).result is VendorResult.OUT_OF_RANGE

    def test_a_phase_that_the_meter_lacks_is_out_of_range(self, master_of: Any, opened: Any) -> None:
        master = master_of(opened)
        is_open = Forced(on=True, is_open=True)
        assert master.command(ForcedControl((is_open, is_open, None))).result is VendorResult.OUT_OF_RANGE
        assert master.meter().relay_closed

    def test_with_nothing_enabled_nothing_happens(self, master_of: Any, opened: Any) -> None:
        master = master_of(opened)
        master.write(0x0057, *OPEN)
        assert master.command(ForcedControl((None, None, None))).result is VendorResult.DONE
        assert master.read_registers(0x0057, 2) == OPEN
