"""Every Python door of a farm refuses what it cannot take, and the farm stays as it was."""

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prewatt_fixtures.clock import END, ClockBound, ManualClock, ScaledClock
from prewatt_fixtures.wire.pdu import read_holding
from prewatt_simulator.errors import SimulatorError
from prewatt_simulator.faults import Fault
from prewatt_simulator.testing import MeterFarm, MeterFarmFactory

from .test_report import run

METER = "0000010201"
NOT_STEPS = [float("nan"), float("inf"), float("-inf"), "5", None, True, 1e12, -1, 10**400]
Bad = st.sampled_from(NOT_STEPS) | st.text(max_size=3) | st.floats(allow_nan=True) | st.integers() | st.none()


def remaining(farm: MeterFarm) -> int:
    """Credit by the register, as a client reads it."""
    reply = farm.do(lambda inner: inner.ask(METER, read_holding(0x0221, 1)))
    assert reply[0] == 3, "a read after a refused setting is answered"
    return farm.meter(METER).remaining_fen


@pytest.mark.parametrize("seconds", NOT_STEPS, ids=[str(each)[:5] for each in NOT_STEPS])
def test_a_step_that_no_clock_can_take(meter_farm: MeterFarm, seconds: Any) -> None:
    before = meter_farm.clock.now()
    with pytest.raises(ClockBound, match="seconds: a "):
        meter_farm.advance(seconds)
    assert meter_farm.clock.now() == before
    remaining(meter_farm)


@pytest.mark.parametrize("amount", ["5", 2400.5, -1, True, None, 1_000_000_001, float("nan")])
def test_a_load_that_no_meter_can_have(meter_farm: MeterFarm, amount: Any) -> None:
    meter = meter_farm.meter(METER)
    before = (meter.load_shape, meter.load_centikwh_per_day, remaining(meter_farm))
    with pytest.raises(SimulatorError, match="centikwh_per_day: a whole number from 0 to 1000000000"):
        meter.set_load("flat", amount)
    meter_farm.advance(86400)
    assert (meter.load_shape, meter.load_centikwh_per_day) == before[:2]
    assert remaining(meter_farm) <= before[2], "credit is used, and never given back"


@pytest.mark.parametrize(
    ("keywords", "named"),
    [
        ({"framing": "udp"}, "framing: one of rtu, tcp, not 'udp'"),
        ({"framing": None}, "framing: one of rtu, tcp"),
        ({"clock": "slow"}, "clock: manual, real, a speed or a clock, not 'slow'"),
        ({"clock": None}, "clock: manual, real"),
        ({"clock": float("nan")}, "speed: a number from 0 to 1000000, not nan"),
        ({"clock": -1}, "speed: a number from 0"),
        (
            {"start": datetime(2026, 1, 5)},
            "start: a time with an offset, such as .08:00, not 2026-01-05T00:00:00",
        ),
        ({"start": "2026-01-05T00:00:00Z"}, "start: a time with an offset"),
        ({"start": END}, "start: a time before the year 2100"),
        ({"seed": "1"}, "seed: a whole number"),
        ({"wire_timing": "yes"}, "wire_timing: true or false, not 'yes'"),
    ],
)
def test_keywords_of_the_factory_and_the_marker(
    meter_farm_factory: MeterFarmFactory, keywords: dict[str, Any], named: str
) -> None:
    with pytest.raises((SimulatorError, ClockBound), match=named):
        meter_farm_factory("tiny", **keywords)


@pytest.mark.parametrize(
    ("keys", "named"),
    [
        ({"function": "3"}, "function: a whole number, not '3'"),
        ({"function": 999}, "function: a number from 1 to 127, not 999"),
        ({"function": -1}, "function: a number from 1 to 127, not -1"),
        ({"register": 99_999_999}, "register: a number from 0 to 65535"),
        ({"port": 0}, "port: a number from 1 to 255"),
        ({"probability": "1"}, "probability: a number"),
        ({"probability": float("nan")}, "probability: a finite number"),
        ({"count": True}, "count: a whole number, not True"),
        ({"since": "2026-01-05"}, "since: a time"),
        ({"meter": 10201}, "meter: text"),
        ({"kind": "delay-reply", "delay_s": float("inf")}, "delay_s: a finite number"),
    ],
)
def test_a_rule_that_can_never_apply(keys: dict[str, Any], named: str) -> None:
    with pytest.raises(SimulatorError, match=named):
        Fault(**{"kind": "lose-reply", **keys})


SETTINGS: dict[str, Callable[[MeterFarm, Any], None]] = {
    "advance": lambda farm, value: farm.advance(value),
    "load": lambda farm, value: farm.meter(METER).set_load("shop", value),
    "shape": lambda farm, value: farm.meter(METER).set_load(value, 100),
    "counter rule": lambda farm, value: setattr(farm.meter(METER), "counter_rule", value),
    "fault function": lambda farm, value: _add(farm, function=value),
    "fault register": lambda farm, value: _add(farm, register=value),
    "fault count": lambda farm, value: _add(farm, count=value),
    "fault probability": lambda farm, value: _add(farm, probability=value),
    "fault delay": lambda farm, value: _add(farm, kind="delay-reply", delay_s=value),
}


def _add(farm: MeterFarm, **keys: Any) -> None:
    farm.faults.add(Fault(**{"kind": "lose-reply", "gateway": "000001", "port": 1, **keys}))


@pytest.mark.parametrize("setting", SETTINGS)
@given(value=Bad)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_value_is_taken_or_named_and_the_meter_answers(
    meter_farm_factory: MeterFarmFactory, setting: str, value: Any
) -> None:
    farm = MeterFarmFactory(1)("tiny")
    with contextlib.suppress(SimulatorError, ClockBound):
        SETTINGS[setting](farm, value)
    assert farm.clock.now() < END
    remaining(farm)
    farm.report()


@given(st.floats(0, 1e6), st.floats(0, 1e9, allow_subnormal=False))
def test_no_clock_passes_its_bound(speed: float, seconds: float) -> None:
    start = datetime(2099, 12, 31, 23, 59, tzinfo=UTC)
    for clock in (ManualClock(start), ScaledClock(start, 0)):
        try:
            clock.advance(seconds)
        except ClockBound:
            assert seconds > 58
        assert clock.now() < END
    fast = ScaledClock(start, speed)
    assert start <= fast.now() < END


def test_a_report_that_cannot_be_written_does_not_end_the_run(tmp_path: Path) -> None:
    module = """
class Strange:
    def time(self): return 0.0
    def now(self): raise ValueError("year 33658 is out of range")
    async def sleep(self, seconds): pass

def test_fails(meter_farm_factory):
    farm = meter_farm_factory()
    farm.farm.clock = Strange()
    assert 0

def test_goes_on():
    pass
"""
    out = run(tmp_path, module, code=1)
    assert "1 failed, 1 passed" in out
    assert "this farm cannot be described: ValueError('year 33658 is out of range'); its seed is " in out
