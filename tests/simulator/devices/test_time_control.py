"""Time control: the relay follows weekdays and switching tables by the meter's own clock."""

from datetime import datetime
from typing import Any

import pytest

from prewatt_fixtures.status import StatusWord1, StatusWord2
from prewatt_fixtures.time_control import SwitchTable
from prewatt_fixtures.wire.vendor import MoneyControl, SetClock, VendorResult
from prewatt_fixtures.wire.vendor_controls import PlanChange, TimeControl

HOUR_S, DAY_S = 3600, 86_400
BLOCK = 0x0420
NIGHT = SwitchTable(((0, True), (360, False), (1380, True)))
"""Open from 23:00 to 06:00."""
CURFEW = TimeControl((PlanChange(rest_days=0b1100_0000, rest=SwitchTable(), work=NIGHT),), switch=0)
"""On work days; 28 December 2021, at whose midnight the farm starts, is a Tuesday."""
RICH = {
    "start": '{ energy = "100.00", remaining = "9000000.00" }',
    "load": '{ shape = "flat", kwh_per_day = "24.00" }',
}


@pytest.fixture
def curfew(master_of: Any) -> Any:
    master = master_of(RICH)
    assert master.command(CURFEW).result is VendorResult.DONE
    return master


def test_it_opens_and_closes_at_the_exact_moment(curfew: Any) -> None:
    assert not curfew.meter().relay_closed
    curfew.clock.advance(6 * HOUR_S - 0.001)
    assert not curfew.meter().relay_closed
    curfew.clock.advance(0.001)
    assert curfew.meter().relay_closed
    curfew.clock.advance(17 * HOUR_S - 0.001)
    assert curfew.meter().relay_closed
    curfew.clock.advance(0.001)
    assert not curfew.meter().relay_closed


def test_energy_is_counted_only_while_closed(curfew: Any) -> None:
    before = sum(curfew.meter().energy_by_rate_mwh)
    curfew.clock.advance(DAY_S)
    assert sum(curfew.meter().energy_by_rate_mwh) - before == 17 * 1_000_000


def test_rest_days_follow_their_own_table(curfew: Any) -> None:
    """Tuesday to Friday 17 hours each, Saturday and Sunday 24, Monday 17."""
    before = sum(curfew.meter().energy_by_rate_mwh)
    curfew.clock.advance(7 * DAY_S)
    assert sum(curfew.meter().energy_by_rate_mwh) - before == (5 * 17 + 2 * 24) * 1_000_000


def test_the_status_words_show_its_decision(curfew: Any) -> None:
    first, second = (
        StatusWord1(curfew.read_registers(0x0224, 1)[0]),
        StatusWord2(curfew.read_registers(0x0225, 1)[0]),
    )
    assert StatusWord1.RELAY_CLOSED_L1 not in first
    assert StatusWord2.TIME_CONTROL in second
    assert StatusWord2.TIME_CLOSED_L1 not in second
    assert StatusWord2.MONEY_CLOSED_L1 in second
    assert not curfew.meter().time_ok
    curfew.clock.advance(6 * HOUR_S)
    assert StatusWord2.TIME_CLOSED_L1 in StatusWord2(curfew.read_registers(0x0225, 1)[0])


def test_the_meters_own_clock_decides(curfew: Any) -> None:
    curfew.command(SetClock(datetime(2021, 12, 28, 12)))
    assert curfew.meter().relay_closed
    curfew.clock.advance(11 * HOUR_S)
    assert not curfew.meter().relay_closed
    curfew.command(SetClock(datetime(2022, 1, 1, 0)))
    assert curfew.meter().relay_closed, "a Saturday"


def test_forced_control_overrides_it(curfew: Any) -> None:
    curfew.write(0x0057, 1, 0)
    assert curfew.meter().relay_closed
    curfew.clock.advance(12 * HOUR_S)
    curfew.write(0x0057, 1, 1)
    assert not curfew.meter().relay_closed
    curfew.write(0x0057, 0, 0)
    assert curfew.meter().relay_closed


def test_it_does_not_close_a_relay_that_money_control_opened(curfew: Any) -> None:
    curfew.command(MoneyControl(remaining_fen=0))
    curfew.clock.advance(12 * HOUR_S)
    assert curfew.meter().time_ok
    assert not curfew.meter().relay_closed


def test_credit_ends_in_the_hours_of_supply(master_of: Any, opened: Any) -> None:
    """41.25 hours of supply: 17 on Tuesday, 17 on Wednesday, 7.25 on Thursday from six o'clock."""
    master = master_of(opened)
    master.command(CURFEW)
    master.clock.advance(2 * DAY_S + (6 + 7.25) * HOUR_S - 0.001)
    assert master.meter().relay_closed
    master.clock.advance(0.001)
    assert not master.meter().relay_closed
    assert master.meter().remaining_fine == 0


def test_it_acts_only_when_enabled(curfew: Any) -> None:
    curfew.command(TimeControl((PlanChange(),), switch=0b1000))
    assert curfew.meter().relay_closed
    assert StatusWord2.TIME_CONTROL not in StatusWord2(curfew.read_registers(0x0225, 1)[0])
    curfew.command(TimeControl((PlanChange(),), switch=0))
    assert not curfew.meter().relay_closed, "the tables were kept"


def test_the_block_reads_as_written(curfew: Any) -> None:
    words = curfew.read_registers(BLOCK, 27)
    assert words[:2] == (0, 0b1100_0000)
    assert b"".join(word.to_bytes(2, "big") for word in words)[30:39] == bytes.fromhex("010000 000006 010017")
    curfew.command(TimeControl((PlanChange(work=SwitchTable()),)))
    assert curfew.read_registers(BLOCK, 27)[:2] == (0, 0b1100_0000), "the others keep their value"
    assert not any(curfew.read_registers(BLOCK + 2, 25))


def test_it_is_off_by_default(master_of: Any) -> None:
    master = master_of(RICH, {**RICH, "model": '"DTSY1352-NK/F"'})
    assert master.read_registers(BLOCK, 27)[0] == 0b1000
    assert master.read_registers(BLOCK, 79, unit=2)[0] == 0b1000
    assert master.ask(bytes((3, 0x04, 0x20, 0, 28))) == b"\x83\x02"


def test_three_phases_share_the_relay(master_of: Any) -> None:
    master = master_of({**RICH, "model": '"DTSY1352-NK/F"'})
    master.command(TimeControl((PlanChange(), PlanChange(work=NIGHT), PlanChange()), switch=0b0010))
    assert master.read_registers(0x0224, 1)[0] & 0xE000 == 0xE000, "L2 is switched off from time control"
    master.command(TimeControl((PlanChange(),) * 3, switch=0b0101))
    assert master.read_registers(0x0224, 1)[0] & 0xE000 == 0
    block = b"".join(word.to_bytes(2, "big") for word in master.read_registers(BLOCK, 79))
    assert block[:2] == bytes((0, 0b0101))
    assert [at for at in range(2, 158, 52) if any(block[at : at + 52])] == [54], "L2 alone has a table"


@pytest.mark.parametrize(
    "command",
    [TimeControl((PlanChange(rest_days=0),), switch=0x10), TimeControl((PlanChange(rest_days=0),) * 3)],
)
def test_another_number_of_phases_is_out_of_range(curfew: Any, command: TimeControl) -> None:
    before = curfew.read_registers(BLOCK, 27)
    assert curfew.command(command).result is VendorResult.OUT_OF_RANGE
    assert curfew.read_registers(BLOCK, 27) == before


def test_a_year_without_reads_gives_the_same_result(master_of: Any) -> None:
    drift = '[[faults]]\nkind = "drift-clock"\nmeter = "0010010101"\ndrift_ppm = 86\n'
    looked, alone = master_of(RICH, site=drift), master_of(RICH, site=drift)
    for master in (looked, alone):
        master.command(CURFEW)
    for _ in range(365 * 3):
        looked.clock.advance(8 * HOUR_S)
        looked.read_registers(0x0200, 48)
    alone.clock.advance(365 * DAY_S)
    assert looked.farm.state() == alone.farm.state()


def test_the_plan_survives_a_restart(curfew: Any, master_of: Any) -> None:
    again = master_of(RICH, clock=curfew.clock)
    again.farm.restore(curfew.farm.state())
    assert again.read_registers(BLOCK, 27) == curfew.read_registers(BLOCK, 27)
    assert not again.meter().relay_closed
    assert again.farm.state() == curfew.farm.state()
