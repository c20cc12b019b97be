"""Saving a farm's state as plain data, and restoring it."""

import json
from datetime import datetime
from typing import Any

import pytest

from prewatt_fixtures.clock import ManualClock
from prewatt_fixtures.wire import vendor
from prewatt_simulator.errors import StateError

HOUR_S = 3600


@pytest.fixture
def lived(master_of: Any, opened: Any) -> Any:
    """A farm that has counted, been topped up, set, written and forced."""
    master = master_of(opened, {"model": '"DTSD1352-C"', "ct": "20", "load": '{ kwh_per_day = "24" }'})
    master.clock.advance(9 * HOUR_S + 7)
    master.top_up(5000, 7)
    master.command(vendor.SetClock(datetime(2022, 6, 1, 12)))
    master.command(vendor.MoneyControl(prices_e4=(4, 3, 2, 1), meter_number="000000000042"))
    master.write(0x2006, 0x0100, 0x0002, 0x0003, *[0] * 18)
    master.write(0x0057, 1, 1)
    master.write(0x0063, 1)
    master.write(0x0360, 0x0103, 0)
    master.write(0x008E, 40, unit=2)
    master.clock.advance(HOUR_S)
    return master


def fresh(master_of: Any, opened: Any, clock: Any) -> Any:
    return master_of(
        opened, {"model": '"DTSD1352-C"', "ct": "20", "load": '{ kwh_per_day = "24" }'}, clock=clock
    )


BLOCKS = [
    (1, 0, 100),
    (1, 0x0200, 50),
    (1, 0x0360, 10),
    (1, 0x0400, 25),
    (1, 0x2000, 48),
    (2, 0, 10),
    (2, 0x61, 46),
]


def test_a_restored_farm_shows_the_same_registers(lived: Any, master_of: Any, opened: Any) -> None:
    again = fresh(master_of, opened, lived.clock)
    assert again.read_registers(0x0221, 1) == (6,), "a block that was read before is shown anew"
    again.farm.restore(json.loads(json.dumps(lived.farm.state())))
    for unit, start, count in BLOCKS:
        assert again.read_registers(start, count, unit) == lived.read_registers(start, count, unit), hex(
            start
        )
    assert again.farm.state() == lived.farm.state()


def test_a_repeat_of_the_last_top_up_is_recognised_after_restore(
    lived: Any, master_of: Any, opened: Any
) -> None:
    again = fresh(master_of, opened, lived.clock)
    again.farm.restore(lived.farm.state())
    assert again.top_up(5000, 7) is vendor.VendorResult.DONE
    assert again.meter().purchase_count == 7
    assert again.meter().total_purchased_fen == 35_000


def test_a_farm_that_was_off_consumed_nothing(lived: Any, master_of: Any, opened: Any) -> None:
    state = lived.farm.state()
    lived.clock.advance(1000 * HOUR_S)
    again = fresh(master_of, opened, lived.clock)
    again.farm.restore(state)
    assert again.farm.state() == state


@pytest.mark.parametrize("ppm", [-1000, 86])
def test_a_clock_keeps_its_deviation(master_of: Any, opened: Any, ppm: int) -> None:
    rule = f'[[faults]]\nkind = "drift-clock"\nmeter = "0010010101"\ndrift_ppm = {ppm}\n'
    lived = master_of(opened, site=rule)
    lived.clock.advance(1)
    lived.read_registers(0x0228, 4)
    lived.clock.advance(11 * HOUR_S)
    again = master_of(opened, clock=ManualClock(lived.clock.now()))
    again.farm.restore(json.loads(json.dumps(lived.farm.state())))
    for master in (lived, again):
        master.clock.advance(100 * 24 * HOUR_S)
    assert again.read_registers(0x0228, 4) == lived.read_registers(0x0228, 4)
    assert again.read_registers(0, 10) == lived.read_registers(0, 10)


def test_a_meter_missing_in_the_state_keeps_its_start(lived: Any, master_of: Any, opened: Any) -> None:
    state = lived.farm.state()
    del state["meters"]["0010010101"]
    again = fresh(master_of, opened, lived.clock)
    again.farm.restore(state)
    assert again.meter().purchase_count == 6


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (lambda state: state.update(project="002"), "project 001"),
        (lambda state: state.pop("meters"), "project 001"),
        (lambda state: state["meters"].update({"0010010133": {}}), "0010010133"),
        (lambda state: state["meters"]["0010010101"].update(model="ADW300/CLR"), "ADW300"),
        (lambda state: state["meters"]["0010010101"].pop("purchase_count"), "0010010101"),
        (lambda state: state["meters"]["0010010101"].update(zones="zz"), "0010010101"),
    ],
)
def test_a_state_of_another_farm_is_refused(
    lived: Any, master_of: Any, opened: Any, damage: Any, named: str
) -> None:
    state = lived.farm.state()
    damage(state)
    with pytest.raises(StateError, match=named):
        fresh(master_of, opened, lived.clock).farm.restore(state)
