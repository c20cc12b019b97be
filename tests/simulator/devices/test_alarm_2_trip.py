"""Alarm 2 with the trip option: the relay opens once when credit falls to it, until it is restored."""

from typing import Any

import pytest

from prewatt_fixtures.status import StatusWord1, StatusWord2
from prewatt_fixtures.wire.vendor import MoneyControl
from prewatt_simulator.errors import NotPrepaid

HOUR_S = 3600
TO_ALARM_2_S = (41.25 - 5.00) * HOUR_S
"""One yuan an hour, from 41.25 down to 5.00."""
FORCED, RESTORE = (1, 0), (0, 0)


@pytest.fixture
def reminding(opened: Any) -> Any:
    return {**opened, "alarm_2_trips": "true"}


def test_the_relay_opens_at_the_exact_moment_of_alarm_2(master_of: Any, reminding: Any) -> None:
    master = master_of(reminding)
    master.clock.advance(TO_ALARM_2_S - 0.001)
    assert master.meter().relay_closed
    master.clock.advance(0.001)
    assert not master.meter().relay_closed
    assert master.meter().reminding
    master.clock.advance(100 * HOUR_S)
    assert master.i32(0x021F) == 500, "nothing is drawn meanwhile"
    first, second = master.read_registers(0x0224, 2)
    assert StatusWord1.ALARM_2 in StatusWord1(first)
    assert StatusWord1.ARREARS not in StatusWord1(first)
    assert StatusWord2.MONEY_CLOSED_L1 not in StatusWord2(second)


def test_without_the_option_alarm_2_is_a_flag(master_of: Any, opened: Any) -> None:
    master = master_of(opened)
    master.clock.advance(TO_ALARM_2_S)
    assert master.meter().relay_closed
    assert not master.meter().reminding


def test_the_key_restores_supply_until_credit_is_gone(master_of: Any, reminding: Any) -> None:
    master = master_of(reminding)
    master.clock.advance(TO_ALARM_2_S + 10 * HOUR_S)
    assert master.read_registers(0x0224, 1)[0] & 0x2000 == 0
    master.meter().press_key()
    assert master.read_registers(0x0224, 1)[0] & 0x2000, "shown at once"
    master.clock.advance(5 * HOUR_S - 1)
    assert master.meter().relay_closed
    master.clock.advance(1)
    assert master.meter().remaining_fine == 0
    assert not master.meter().relay_closed
    master.meter().press_key()
    assert not master.meter().relay_closed, "arrears are no reminder"


def test_the_restore_command_does_what_the_key_does(master_of: Any, reminding: Any) -> None:
    master = master_of(reminding)
    master.clock.advance(TO_ALARM_2_S)
    assert master.write(0x0057, *RESTORE) == bytes.fromhex("1000570002")
    assert master.meter().relay_closed


def test_forced_control_wins_over_the_reminder(master_of: Any, reminding: Any) -> None:
    master = master_of(reminding)
    master.clock.advance(TO_ALARM_2_S)
    master.write(0x0057, *FORCED)
    assert master.meter().relay_closed
    assert master.meter().reminding


def test_a_key_pressed_too_early_changes_nothing(master_of: Any, reminding: Any) -> None:
    master = master_of(reminding)
    master.meter().press_key()
    master.clock.advance(TO_ALARM_2_S)
    assert master.meter().reminding


def test_it_reminds_again_only_after_credit_was_above_alarm_2(master_of: Any, reminding: Any) -> None:
    master = master_of(reminding)
    master.clock.advance(TO_ALARM_2_S)
    master.meter().press_key()
    master.clock.advance(2 * HOUR_S)
    master.top_up(200, 7)
    master.clock.advance(HOUR_S)
    assert master.meter().relay_closed, "5.00 again is not above alarm 2"
    master.top_up(200, 8)
    assert master.meter().remaining_fen == 600
    master.clock.advance(HOUR_S)
    assert master.meter().reminding


@pytest.mark.parametrize(("amount_fen", "closed"), [(1, True), (0, False)])
def test_a_top_up_that_lifts_credit_over_alarm_2_ends_it(
    master_of: Any, reminding: Any, amount_fen: int, closed: bool
) -> None:
    master = master_of(reminding)
    master.clock.advance(TO_ALARM_2_S)
    master.top_up(amount_fen, 7)
    assert master.meter().relay_closed is closed


def test_credit_raised_and_lowered_at_once_counts_as_a_new_fall(master_of: Any, reminding: Any) -> None:
    master = master_of(reminding)
    master.clock.advance(TO_ALARM_2_S)
    master.meter().press_key()
    master.top_up(500, 7)
    master.command(MoneyControl(remaining_fen=300))
    assert master.meter().reminding


class TestOption:
    def test_it_is_bit_0_of_the_money_control_option(self, master_of: Any, opened: Any) -> None:
        master = master_of(opened)
        master.command(MoneyControl(option=0xFF))
        assert master.read_registers(0x0418, 1) == (0xFF,)
        master.clock.advance(TO_ALARM_2_S)
        assert master.meter().reminding
        master.command(MoneyControl(option=0xFE))
        assert master.meter().relay_closed

    def test_switched_on_below_alarm_2_it_waits_for_the_next_fall(self, master_of: Any, opened: Any) -> None:
        master = master_of(opened)
        master.clock.advance(TO_ALARM_2_S)
        master.command(MoneyControl(option=1))
        assert master.meter().relay_closed

    def test_opening_with_credit_below_alarm_2_is_no_fall(self, master_of: Any, reminding: Any) -> None:
        master = master_of({**reminding, "start": '{ energy = "88.40" }'})
        master.command(MoneyControl(on=True, remaining_fen=0, purchase_count=0))
        master.top_up(300, 1)
        assert master.meter().relay_closed

    def test_alarm_2_raised_above_credit_is_a_fall(self, master_of: Any, reminding: Any) -> None:
        master = master_of(reminding)
        master.command(MoneyControl(alarms_fen=(9000, 4125)))
        assert master.meter().reminding

    def test_alarm_2_at_zero_opens_before_the_overdraft(self, master_of: Any, reminding: Any) -> None:
        master = master_of({**reminding, "alarms": '["20.00", "0.00"]', "overdraft": '"10.00"'})
        master.clock.advance(41.25 * HOUR_S)
        assert not master.meter().relay_closed
        master.meter().press_key()
        master.clock.advance(10 * HOUR_S)
        assert master.meter().remaining_fen == -1000


def test_a_year_without_reads_gives_the_same_result(master_of: Any, reminding: Any) -> None:
    looked, alone = master_of(reminding), master_of(reminding)
    for _ in range(200):
        looked.clock.advance(HOUR_S)
        looked.read_registers(0x0200, 48)
    alone.clock.advance(200 * HOUR_S)
    assert alone.meter().reminding
    assert looked.farm.state() == alone.farm.state()


def test_a_restored_reminder_survives_a_restart(master_of: Any, reminding: Any) -> None:
    master = master_of(reminding)
    master.clock.advance(TO_ALARM_2_S)
    master.meter().press_key()
    again = master_of(reminding, clock=master.clock)
    again.farm.restore(master.farm.state())
    assert again.meter().relay_closed


def test_a_meter_without_credit_has_no_key(master_of: Any) -> None:
    with pytest.raises(NotPrepaid):
        master_of({"model": '"DTSD1352-C"'}).meter().press_key()
