"""All controllers of the relay together, independent of reads; the status words show their decisions."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from prewatt_fixtures.status import StatusWord1, StatusWord2
from prewatt_fixtures.time_control import SwitchTable
from prewatt_fixtures.wire.vendor import MoneyControl, SetClock
from prewatt_fixtures.wire.vendor_controls import (
    ClearTrips,
    LimitsChange,
    LoadControl,
    PlanChange,
    TimeControl,
)

METER = {
    "start": '{ energy = "100.00", remaining = "20.00", purchase_count = 6, total_purchased = "20.00" }',
    "load": '{ shape = "bakery", kwh_per_day = "33.33" }',
    "overload_w": "3000",
    "overload": "{ recovery_min = 20, trips_allowed = 2 }",
    "alarm_2_trips": "true",
    "overdraft": '"2.00"',
}
NIGHT = SwitchTable(((0, True), (330, False), (1290, True)))
STEPS = (1, 0, 500, 0, 900, 0, 0, 0, 5000, 0, 9000, 0, 12000, 0, 0, 1)

Deed = Callable[[Any], Any]


def top_up(master: Any) -> Any:
    return master.top_up(700, master.meter().purchase_count + 1)


deeds: st.SearchStrategy[Deed] = st.sampled_from(
    [
        top_up,
        lambda master: master.meter().press_key(),
        lambda master: master.write(0x0057, 1, 0),
        lambda master: master.write(0x0057, 1, 1),
        lambda master: master.write(0x0057, 0, 0),
        lambda master: master.write(0x0061, 2500),
        lambda master: master.write(0x04A0, *STEPS),
        lambda master: master.write(0x04A0, 0),
        lambda master: master.command(ClearTrips()),
        lambda master: master.command(LoadControl((LimitsChange(max_w=1800, times=(7, 3)),), switch=1)),
        lambda master: master.command(TimeControl((PlanChange(rest_days=0xC0, work=NIGHT),), switch=0)),
        lambda master: master.command(TimeControl((PlanChange(),), switch=8)),
        lambda master: master.command(SetClock(datetime(2022, 1, 31, 23, 55))),
        lambda master: master.command(MoneyControl(remaining_fen=900)),
        lambda master: master.command(MoneyControl(on=False)),
        lambda master: master.command(MoneyControl(on=True, option=1)),
    ]
)
waits = st.integers(1, 20 * 3600)


def check_relay(master: Any) -> None:
    """Forced control, or else every controller; and the bits say what the meter decided."""
    meter = master.meter()
    word_1, word_2 = (
        StatusWord1(master.read_registers(0x0224, 1)[0]),
        StatusWord2(master.read_registers(0x0225, 1)[0]),
    )
    decided = meter.load_ok and meter.time_ok and StatusWord2.MONEY_CLOSED_L1 in word_2
    assert meter.relay_closed is (decided if meter.forced is None else meter.forced)
    assert (StatusWord1.RELAY_CLOSED_L1 in word_1) is meter.relay_closed
    assert (StatusWord2.LOAD_CLOSED_L1 in word_2) is meter.load_ok
    assert (StatusWord2.TIME_CLOSED_L1 in word_2) is meter.time_ok
    assert (StatusWord1.FORCED_MODE in word_1) is (meter.forced is not None)
    if not meter.load_ok:
        assert StatusWord1.OVER_LIMIT in word_1


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(waits, deeds, st.integers(1, 50)), min_size=1, max_size=15))
def test_reads_change_nothing_between_any_actions(master_of: Any, done: list[tuple[int, Deed, int]]) -> None:
    looked, alone = master_of(METER), master_of(METER)
    for wait_s, deed, looks in done:
        for _ in range(looks):
            looked.clock.advance(wait_s // looks)
            looked.read_registers(0x0200, 48)
        looked.clock.advance(wait_s % looks)
        alone.clock.advance(wait_s)
        for master in (looked, alone):
            deed(master)
            check_relay(master)
    assert looked.farm.state() == alone.farm.state()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(waits, deeds), min_size=1, max_size=12))
def test_a_restored_meter_behaves_as_the_original(master_of: Any, done: list[tuple[int, Deed]]) -> None:
    """Except that ten seconds over the limit begin anew, so the meter is kept at a quiet moment."""
    master = master_of(METER)
    for wait_s, deed in done:
        master.clock.advance(wait_s)
        deed(master)
    master.write(0x0057, 1, 1)
    again = master_of(METER, clock=master.clock)
    again.farm.restore(master.farm.state())
    assert again.farm.state() == master.farm.state()
    for both in (master, again):
        both.write(0x0057, 0, 0)
    master.clock.advance(50 * 3600)
    assert again.farm.state() == master.farm.state()
