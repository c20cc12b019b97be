"""Read plans of every shipped model: complete, large, inside what the device takes, no value split."""

from itertools import pairwise

import pytest

from prewatt_fixtures.errors import UnknownName
from prewatt_fixtures.measurements import Measurement
from prewatt_fixtures.profile import Profile, profiles
from prewatt_platform.field.plan import Plan, evidence_plan, make_plan, probe_block, reading_plan

MODELS = sorted(model for model, described in profiles().items() if described.measures_energy)
PREPAID = sorted(model for model, described in profiles().items() if described.prepaid)

BILLING = {
    Measurement.ENERGY_TOTAL,
    Measurement.ENERGY_SHARP,
    Measurement.ENERGY_PEAK,
    Measurement.ENERGY_FLAT,
    Measurement.ENERGY_VALLEY,
    Measurement.POWER_TOTAL,
    Measurement.CLOCK,
    Measurement.VOLTAGE_A,
    Measurement.CURRENT_A,
}
CREDIT = {
    Measurement.REMAINING,
    Measurement.PURCHASE_COUNT,
    Measurement.TOTAL_PURCHASED,
    Measurement.MONEY_CONTROL,
    Measurement.STATUS_WORD_1,
    Measurement.ALARM_1,
    Measurement.ALARM_2,
    Measurement.PRICE_SHARP,
    Measurement.PRICE_VALLEY,
    Measurement.OVERDRAFT,
    Measurement.HOARDING_LIMIT,
}


def _assert_sound(plan: Plan, described: Profile) -> None:
    for frame in plan.frames:
        assert 1 <= frame.count <= described.limits.read_planned
        assert any(block.start <= frame.start and frame.end <= block.end for block in described.blocks)
    for row in plan.rows:
        assert sum(frame.holds(row) for frame in plan.frames) == 1
    ordered = sorted(plan.frames, key=lambda frame: frame.start)
    assert all(before.end <= after.start for before, after in pairwise(ordered))


@pytest.mark.parametrize("model", MODELS)
def test_billing_read_brings_all_that_a_bill_needs(model: str) -> None:
    plan, described = reading_plan(model), profiles()[model]
    _assert_sound(plan, described)
    brought = [row.measurement for row in plan.rows]
    assert len(brought) == len(set(brought))
    assert set(brought) >= (BILLING | CREDIT if described.prepaid else BILLING)


@pytest.mark.parametrize("model", MODELS)
def test_billing_read_takes_few_frames(model: str) -> None:
    frames = {"ADW300/CLR": 2, "DTSD1352-C": 4, "DTSY1352-NK/F": 3, "DDSY1352-NK/F": 3}
    assert len(reading_plan(model).frames) == frames[model]


@pytest.mark.parametrize("model", PREPAID)
def test_evidence_is_read_from_the_registers_that_decide(model: str) -> None:
    """Count 0x0221, total 0x0412, remaining 0x021F, each block in one frame, and the count's copy beside the total."""
    plan = evidence_plan(model)
    _assert_sound(plan, profiles()[model])
    assert {row.measurement: row.address for row in plan.rows} == {
        Measurement.REMAINING: 0x021F,
        Measurement.PURCHASE_COUNT: 0x0221,
        Measurement.MONEY_CONTROL: 0x0400,
        Measurement.TOTAL_PURCHASED: 0x0412,
        Measurement.CLOCK: 0x0228,
    }
    assert [frame.start >> 8 for frame in plan.frames] == [0x02, 0x04]
    assert [row.address for row in plan.copies] == [0x0221, 0x0401]


@pytest.mark.parametrize("model", MODELS)
def test_every_described_register_can_be_planned(model: str) -> None:
    described = profiles()[model]
    plan = make_plan(described, described.registers, Measurement)
    _assert_sound(plan, described)
    assert {row.measurement for row in plan.rows} == {row.measurement for row in described.registers}


@pytest.mark.parametrize("model", MODELS)
def test_probe_block_leaves_room_for_sixteen_lengths(model: str) -> None:
    assert probe_block(model).count >= 16


def test_plan_is_made_once_and_an_unknown_model_is_named() -> None:
    assert reading_plan(MODELS[0]) is reading_plan(MODELS[0])
    with pytest.raises(UnknownName, match="ADW999"):
        reading_plan("ADW999")
