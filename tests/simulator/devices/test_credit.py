"""Credit: exact to 1e-10 yuan at the price of the running rate; the relay opens when it is gone."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from prewatt_fixtures.wire import vendor
from prewatt_simulator.units import FINE_PER_FEN

HOUR_S = 3600
PRICES = '{ sharp = "1.2345", peak = "0.9876", flat = "0.5432", valley = "0.3001" }'


def status_1(master: Any, unit: int = 1) -> int:
    word: int = master.read_registers(0x0224, 1, unit)[0]
    return word


def test_remaining_falls_by_energy_times_the_rates_price(master_of: Any, opened: Any) -> None:
    master = master_of({**opened, "prices": PRICES})
    master.clock.advance(8 * HOUR_S)
    deducted_e4 = 7 * 3001 + 1 * 5432
    assert master.meter().remaining_fine == 4125 * FINE_PER_FEN - deducted_e4 * 1_000_000
    assert master.i32(0x021F) == (412_500 - deducted_e4) // 100


def test_credit_is_deducted_by_primary_energy(master_of: Any, opened: Any) -> None:
    master = master_of({**opened, "model": '"DTSY1352-NK/F"', "ct": "10"})
    master.clock.advance(10 * HOUR_S)
    assert master.u32(0) == (10_000 + 1000) // 10
    assert master.i32(0x021F) == 4125 - 1000


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(min_value=1, max_value=20 * HOUR_S), st.integers(min_value=0, max_value=5000)),
        min_size=1,
        max_size=20,
    )
)
def test_credit_is_conserved_exactly(master_of: Any, opened: Any, steps: list[tuple[int, int]]) -> None:
    """Opening + top-ups − Σ energy of a rate × its price = remaining, in the finest unit there is."""
    master = master_of({**opened, "prices": PRICES})
    start = master.meter().energy_by_rate_mwh
    bought = 0
    for count, (step_s, amount_fen) in enumerate(steps, start=7):
        master.clock.advance(step_s)
        assert master.top_up(amount_fen, count) is vendor.VendorResult.DONE
        bought += amount_fen
    used = [now - then for then, now in zip(start, master.meter().energy_by_rate_mwh, strict=True)]
    charge = sum(energy * price for energy, price in zip(used, (12345, 9876, 5432, 3001), strict=True))
    assert master.meter().remaining_fine == (4125 + bought) * FINE_PER_FEN - charge
    assert master.meter().total_purchased_fen == 30_000 + bought


def test_the_relay_opens_at_the_exact_moment_credit_is_gone(master_of: Any, opened: Any) -> None:
    master = master_of(opened)
    master.clock.advance(41.25 * HOUR_S - 0.001)
    assert master.meter().relay_closed
    master.clock.advance(0.001)
    assert not master.meter().relay_closed
    assert master.meter().remaining_fine == 0
    assert status_1(master) & 0x2000 == 0
    assert status_1(master) & 0x20, "arrears"


def test_an_open_relay_stops_energy_and_current(master_of: Any, opened: Any) -> None:
    master = master_of(opened)
    master.clock.advance(1000 * HOUR_S)
    assert master.u32(0) == 10_000 + 4125
    assert master.read_registers(12, 2) == (0, 0), "I, P"
    assert master.read_registers(11, 1)[0] > 2000, "U stands before the relay"


def test_the_trip_does_not_depend_on_reads(master_of: Any, opened: Any) -> None:
    shape = {"load": '{ shape = "bakery", kwh_per_day = "33.33" }', "prices": PRICES}
    looked, alone = master_of({**opened, **shape}), master_of({**opened, **shape})
    for _ in range(200):
        looked.clock.advance(HOUR_S)
        looked.read_registers(0x0200, 48)
    alone.clock.advance(200 * HOUR_S)
    assert not alone.meter().relay_closed
    assert looked.farm.state() == alone.farm.state()


def test_the_overdraft_is_used_before_the_relay_opens(master_of: Any, opened: Any) -> None:
    master = master_of({**opened, "overdraft": '"10.00"'})
    master.clock.advance(45 * HOUR_S)
    assert master.i32(0x021F) == 4125 - 4500
    assert status_1(master) & 0x2020 == 0x2020, "in arrears, and closed"
    master.clock.advance(45 * HOUR_S)
    assert master.i32(0x021F) == -1000
    assert not master.meter().relay_closed


def test_a_top_up_nets_arrears_and_closes_the_relay(master_of: Any, opened: Any) -> None:
    master = master_of({**opened, "overdraft": '"10.00"'})
    master.clock.advance(100 * HOUR_S)
    assert master.top_up(900, 7) is vendor.VendorResult.DONE
    assert master.i32(0x021F) == -100
    assert master.meter().relay_closed, "within the overdraft again"
    assert master.top_up(5000, 8) is vendor.VendorResult.DONE
    assert master.i32(0x021F) == 4900
    assert status_1(master) & 0x2000


def test_alarm_flags_are_set_in_order(master_of: Any, opened: Any) -> None:
    master = master_of(opened)
    seen = []
    for _ in range(43):
        master.clock.advance(HOUR_S)
        seen.append(status_1(master) & 0xE0)
    assert seen == [0x00] * 21 + [0x40] * 15 + [0xC0] * 5 + [0xE0] * 2


def test_an_unopened_meter_counts_below_zero_and_stays_closed(master_of: Any) -> None:
    master = master_of(
        {
            "start": '{ energy = "20232.99" }',
            "base": '"0.00"',
            "load": '{ kwh_per_day = "24.00" }',
        }
    )
    assert master.i32(0x021F) == -2_023_299
    master.clock.advance(2 * HOUR_S)
    assert master.i32(0x021F) == -2_023_499
    assert status_1(master) & 0x20E0 == 0x2000, "closed, and nobody is warned"
    assert master.read_registers(0x0225, 1)[0] & 0x0F == 0x01, "money control off, its decision closed"


def test_registers_round_credit_towards_zero(master_of: Any, opened: Any) -> None:
    owing = master_of({"start": '{ energy = "5.00" }', "load": '{ kwh_per_day = "24.00" }'})
    holding = master_of(opened)
    for master, cut in ((owing, -500), (holding, 4124)):
        master.clock.advance(18)
        assert master.meter().remaining_fine % FINE_PER_FEN == FINE_PER_FEN // 2
        assert master.i32(0x021F) == master.meter().remaining_fen == cut


def test_what_an_unopened_meter_owes_counts_from_its_base(master_of: Any) -> None:
    master = master_of({"start": '{ energy = "55310.40" }', "base": '"1.80"'})
    assert master.i32(0x021F) == -5_530_860


def test_a_price_of_zero_never_trips(master_of: Any, opened: Any) -> None:
    free = '{ sharp = "0", peak = "0", flat = "0", valley = "0" }'
    master = master_of({**opened, "prices": free})
    master.clock.advance(10_000 * HOUR_S)
    assert master.i32(0x021F) == 4125
    assert master.meter().relay_closed
