"""Forced control by function 10H at 0x0057, quantity 2: it wins over money."""

from typing import Any

import pytest

HOUR_S = 3600
CLOSE, OPEN, OFF = (1, 0), (1, 1), (0, 0)


def relay_bits(desk: Any) -> int:
    bits: int = desk.words(0x0224, 1)[0] >> 13
    return bits


def test_forced_open_stops_a_meter_with_credit(desk_of: Any, opened: Any) -> None:
    desk = desk_of(opened)
    assert desk.write(0x0057, *OPEN) == bytes.fromhex("1000570002")
    assert relay_bits(desk) == 0
    assert desk.words(0x0224, 1)[0] & 0x0F == 0x08, "forced mode on, forced state open"
    assert desk.words(0x0057, 2) == OPEN
    before = desk.u32(0)
    desk.clock.advance(HOUR_S)
    assert desk.u32(0) == before
    assert desk.meter().forced is False


def test_forced_closed_supplies_a_meter_without_credit_and_counts_below_zero(
    desk_of: Any, opened: Any
) -> None:
    desk = desk_of(opened)
    desk.write(0x0057, *CLOSE)
    desk.clock.advance(50 * HOUR_S)
    assert relay_bits(desk) == 1
    assert desk.words(0x0224, 1)[0] & 0x0F == 0x09, "forced mode on, forced state closed"
    assert desk.i32(0x021F) == 4125 - 5000
    assert desk.meter().forced is True


def test_leaving_forced_mode_gives_the_relay_back_to_money(desk_of: Any, opened: Any) -> None:
    desk = desk_of(opened)
    desk.write(0x0057, *CLOSE)
    desk.clock.advance(50 * HOUR_S)
    desk.write(0x0057, *OFF)
    assert relay_bits(desk) == 0
    assert desk.meter().forced is None


@pytest.mark.parametrize("ignored", [0, 1])
def test_off_takes_any_state(desk_of: Any, opened: Any, ignored: int) -> None:
    desk = desk_of(opened)
    desk.write(0x0057, *OPEN)
    assert desk.write(0x0057, 0, ignored) == bytes.fromhex("1000570002")
    assert relay_bits(desk) == 1


def test_a_three_phase_meter_switches_all_phases(desk_of: Any, opened: Any) -> None:
    desk = desk_of({**opened, "model": '"DTSY1352-NK/F"'})
    assert relay_bits(desk) == 0b111
    desk.write(0x0057, *OPEN)
    assert relay_bits(desk) == 0
    assert desk.words(0x0225, 1)[0] == 0x077F, "every controller would close"


def test_other_values_are_refused_whole(desk_of: Any, opened: Any) -> None:
    desk = desk_of(opened)
    assert desk.write(0x0057, 1, 2) == b"\x90\x03"
    assert desk.write(0x0057, 2, 1) == b"\x90\x03"
    assert desk.words(0x0057, 2) == OFF
