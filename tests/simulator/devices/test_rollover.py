"""Energy counters begin again at 0 behind their range, as displays do; what the meter has counted goes on."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewatt_fixtures.measurements import Measurement
from prewatt_fixtures.profile import profiles
from prewatt_fixtures.wire.pdu import read_holding
from prewatt_simulator.faults import Fault

METER = "0010010101"
RANGE = 100_000_000
METERS = [described.model for described in profiles().values() if described.measures_energy]


def shown(master: Any, measurement: Measurement) -> int:
    row = master.meter().profile.register(measurement)
    reply: bytes = master.ask(read_holding(row.address, row.words))
    counts: int = row.counts
    return int.from_bytes(reply[2:], "big") * counts


def test_a_counter_at_its_top_begins_again_at_0(master_of: Any, opened: Any) -> None:
    master = master_of(opened | {"start": '{ energy = "999999.50", remaining = "41.25" }'})
    assert shown(master, Measurement.ENERGY_TOTAL) == RANGE - 50
    master.clock.advance(3600)
    assert shown(master, Measurement.ENERGY_TOTAL) == 50
    assert master.meter().energy_centikwh == RANGE + 50
    assert master.meter().remaining_fen == 4025, "it paid for one kWh"


@pytest.mark.parametrize("model", METERS)
def test_the_fault_leaves_so_many_counts(master_of: Any, model: str) -> None:
    master = master_of({"model": f'"{model}"', "load": '{ shape = "flat", kwh_per_day = "24.00" }'})
    turn = profiles()[model].energy_range
    master.farm.faults.add(Fault(kind="near-rollover", meter=METER, counts_left=30))
    assert shown(master, Measurement.ENERGY_TOTAL) == turn - 30
    before = master.meter().energy_centikwh
    master.clock.advance(3600)
    assert shown(master, Measurement.ENERGY_TOTAL) == 70
    assert master.meter().energy_centikwh == before + 100


@given(st.integers(0, 3 * RANGE), st.integers(0, 40_000_000))
def test_a_register_is_the_count_modulo_its_range(master_of: Any, start: int, advance_s: int) -> None:
    energy = f"{start // 100}.{start % 100:02}"
    master = master_of({"model": '"DTSD1352-C"', "start": f'{{ energy = "{energy}" }}'})
    master.clock.advance(advance_s)
    assert shown(master, Measurement.ENERGY_TOTAL) == master.meter().energy_centikwh % RANGE
