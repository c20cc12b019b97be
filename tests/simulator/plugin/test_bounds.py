"""Every Python door of a farm refuses what it cannot take, and the farm stays as it was."""

import contextlib
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prewatt_fixtures.bounds import SettingRefused
from prewatt_fixtures.clock import END, FIRST, ManualClock, ScaledClock
from prewatt_fixtures.errors import FixtureError
from prewatt_fixtures.site import Site, load_site, parse_site
from prewatt_fixtures.virtual import VirtualClock, VirtualLoop
from prewatt_fixtures.wire.pdu import read_holding
from prewatt_simulator.errors import SimulatorError
from prewatt_simulator.farm import Farm
from prewatt_simulator.faults import Fault
from prewatt_simulator.testing import MeterFarm, MeterFarmFactory

from .test_report import run

METER = "0000010201"
NOT_STEPS = [float("nan"), float("inf"), float("-inf"), "5", None, True, 1e12, -1, 10**400, 10**5000]
Bad = (
    st.sampled_from([*NOT_STEPS, datetime(2026, 1, 5), [], {}, b"\3"])
    | st.text(max_size=3)
    | st.floats(allow_nan=True)
    | st.integers()
    | st.none()
)


def remaining(farm: MeterFarm) -> int:
    """Credit by the register, as a client reads it."""
    reply = farm.do(lambda inner: inner.ask(METER, read_holding(0x0221, 1)))
    assert reply[0] == 3, "a read after a refused setting is answered"
    return farm.meter(METER).remaining_fen


@pytest.mark.parametrize("seconds", NOT_STEPS, ids=range(len(NOT_STEPS)))
def test_a_step_that_no_clock_can_take(meter_farm: MeterFarm, seconds: Any) -> None:
    before = meter_farm.clock.now()
    with pytest.raises(SettingRefused, match="seconds: a "):
        meter_farm.advance(seconds)
    assert meter_farm.clock.now() == before
    remaining(meter_farm)


@pytest.mark.parametrize("amount", ["5", 2400.5, -1, True, None, 1_000_000_001, float("nan")])
def test_a_load_that_no_meter_can_have(meter_farm: MeterFarm, amount: Any) -> None:
    meter = meter_farm.meter(METER)
    before = (meter.load_shape, meter.load_centikwh_per_day, remaining(meter_farm))
    with pytest.raises(SettingRefused, match="centikwh_per_day: a whole number from 0 to 1000000000"):
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
            "start: a time with an offset, such as .08:00, from 2000-01-02 .* not 2026-01-05T00:00:00",
        ),
        ({"start": "2026-01-05T00:00:00Z"}, "start: a time with an offset"),
        ({"start": END}, "start: a time .* until before 2099-12-31, not 2099-12-31T00:00:00"),
        ({"start": FIRST - timedelta(seconds=1)}, "start: a time .* not 2000-01-01T23:59:59"),
        ({"start": datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))}, "start: a time"),
        ({"clock": True}, "speed: a number"),
        ({"clock": object()}, "clock: manual, real"),
        ({"site": "x" * 9000}, "unknown site"),
        ({"site": 5}, "site: a Site, as load_site returns it, not 5"),
        ({"seed": 10**5000}, "seed: a whole number .* not a number of many digits"),
        ({"seed": "1"}, "seed: a whole number"),
        ({"wire_timing": "yes"}, "wire_timing: true or false, not 'yes'"),
    ],
)
def test_keywords_of_the_factory_and_the_marker(
    meter_farm_factory: MeterFarmFactory, keywords: dict[str, Any], named: str
) -> None:
    with pytest.raises(FixtureError, match=named):
        meter_farm_factory(**keywords)


@pytest.mark.parametrize(
    ("keys", "named"),
    [
        ({"function": "3"}, "function: a number from 1 to 127, not '3'"),
        ({"function": 999}, "function: a number from 1 to 127, not 999"),
        ({"function": -1}, "function: a number from 1 to 127, not -1"),
        ({"register": 99_999_999}, "register: a number from 0 to 65535"),
        ({"port": 0}, "port: a number from 1 to 255"),
        ({"probability": "1"}, "probability: a number"),
        ({"probability": float("nan")}, "probability: a number above 0, at most 1, not nan"),
        ({"count": True}, "count: a number from 1 to 2147483647, not True"),
        ({"count": 10**5000}, "count: a number .* not a number of many digits"),
        ({"since": date(2026, 1, 5)}, "since: a time with an offset, such as .08:00, not 2026-01-05"),
        ({"since": END}, "since: a time before 2099-12-31"),
        ({"meter": datetime(2026, 1, 5)}, "meter: text, not 2026-01-05T00:00:00"),
        ({"kind": []}, "kind: one of lose-request"),
        ({"function": 0x11, "register": 5}, "register: nothing: requests of function 0x11 have none"),
        ({"kind": "second-master", "every_s": 1e-300}, "every_s: seconds from 0.001"),
        ({"since": "2026-01-05"}, "since: a time"),
        ({"meter": 10201}, "meter: text"),
        ({"kind": "delay-reply", "delay_s": float("inf")}, "delay_s: seconds from 0 to 1000000000, not inf"),
    ],
)
def test_a_rule_that_can_never_apply(keys: dict[str, Any], named: str) -> None:
    with pytest.raises(SimulatorError, match=named):
        Fault(**{"kind": "lose-reply", **keys})


TERMINAL, WATER, CLIMATE = "0000020131", "0000020132", "0000020133"
OTHERS = "".join(
    f'\n[[meters]]\nnumber = "{number}"\nmodel = "{model}"\nplace = "here"\n'
    for number, model in ((TERMINAL, "ARTU-K"), (WATER, "VALVE-WATER-METER"), (CLIMATE, "WHD"))
)
SETTINGS: dict[str, Callable[[MeterFarm, Any], object]] = {
    "advance": lambda farm, value: farm.advance(value),
    "meter": lambda farm, value: farm.meter(value),
    "address": lambda farm, value: farm.address(value),
    "request": lambda farm, value: farm.farm.ask(METER, value),
    "load": lambda farm, value: farm.meter(METER).set_load("shop", value),
    "shape": lambda farm, value: farm.meter(METER).set_load(value, 100),
    "counter rule": lambda farm, value: setattr(farm.meter(METER), "counter_rule", value),
    "water load": lambda farm, value: farm.water_meter(WATER).set_load("shop", value),
    "reverse flow": lambda farm, value: farm.water_meter(WATER).add_reverse_flow(value),
    "battery": lambda farm, value: setattr(farm.water_meter(WATER), "battery_low", value),
    "valve": lambda farm, value: setattr(farm.water_meter(WATER), "valve_abnormal", value),
    "contact": lambda farm, value: farm.terminal(TERMINAL).set_closed(value, True),
    "closed": lambda farm, value: farm.terminal(TERMINAL).set_closed(1, value),
    "output": lambda farm, value: farm.terminal(TERMINAL).output_closed(value),
    "channel": lambda farm, value: farm.climate(CLIMATE).release_air(value),
    "temperature": lambda farm, value: farm.climate(CLIMATE).set_air(1, temperature=value, humidity=0),
    "humidity": lambda farm, value: farm.climate(CLIMATE).set_air(1, temperature=0, humidity=value),
    "faulty": lambda farm, value: farm.climate(CLIMATE).set_faulty(1, value),
    "fault": lambda farm, value: farm.faults.add(value),
    **{
        f"fault {key}": lambda farm, value, key=key: _add(farm, **{key: value})  # type: ignore[misc]  # of mypy: the default
        for key in ("kind", "gateway", "port", "meter", "function", "register", "since", "until", "count")
    },
    "fault probability": lambda farm, value: _add(farm, probability=value),
    "fault delay": lambda farm, value: _add(farm, kind="delay-reply", delay_s=value),
    "fault size": lambda farm, value: _add(farm, kind="truncate", size=value),
    "fault applied": lambda farm, value: _add(farm, kind="torn-write", applied=value),
    "fault jump": lambda farm, value: _add(farm, kind="jump-clock", meter=METER, jump_s=value),
}


def _add(farm: MeterFarm, **keys: Any) -> None:
    farm.faults.add(Fault(**{"kind": "lose-reply", **keys}))


def _every_device_answers(farm: MeterFarm) -> None:
    for number in farm.meter_numbers:
        for block in farm.farm.view(number).profile.blocks:
            farm.farm.ask(number, read_holding(block.start, min(block.count, 60)))


def _site() -> Site:
    """The site tiny, with one device of each other kind on the last bus."""
    tiny = (resources.files("prewatt_fixtures") / "sites" / "tiny.toml").read_text("utf-8")
    return parse_site(tiny + OTHERS, "bounds.toml")


SITE = _site()


@pytest.mark.parametrize("setting", SETTINGS)
@given(value=Bad)
@settings(max_examples=50, deadline=None)
def test_any_value_is_taken_or_named_and_every_device_answers(setting: str, value: Any) -> None:
    farm = MeterFarmFactory(1)(SITE)
    with contextlib.suppress(SimulatorError, FixtureError):
        SETTINGS[setting](farm, value)
    assert farm.clock.now() < END
    _every_device_answers(farm)
    farm.report()


@pytest.mark.parametrize(
    ("keywords", "named"),
    [
        ({"site": "tiny"}, "site: a Site"),
        ({"clock": "manual"}, "clock: a clock, not 'manual'"),
        ({"seed": float("nan")}, "seed: a whole number"),
        ({"wire_timing": "no"}, "wire_timing: true or false"),
    ],
)
def test_arguments_of_a_farm(keywords: dict[str, Any], named: str) -> None:
    with pytest.raises(SettingRefused, match=named):
        Farm(**{"site": load_site("tiny"), **keywords})


@pytest.mark.anyio
@pytest.mark.parametrize(
    "keywords", [{"framing": "udp"}, {"base_port": -1}, {"base_port": "5"}, {"host": "x\0"}, {"host": 5}]
)
async def test_arguments_of_listening(meter_farm: MeterFarm, keywords: dict[str, Any]) -> None:
    with pytest.raises(SettingRefused, match=f"{next(iter(keywords))}: "):
        async with meter_farm.farm.serving(**keywords):
            pass


def test_a_misspelt_property_is_named(meter_farm: MeterFarm) -> None:
    with pytest.raises(AttributeError, match="counter_rul"):
        meter_farm.meter(METER).counter_rul = "next"  # type: ignore[attr-defined]  # the misspelling


def test_every_seed_gives_each_meter_noise_of_its_own() -> None:
    for seed in (0, -1, -(1 << 63), (1 << 63) - 1):
        farm = Farm(load_site("tiny"), seed=seed, clock=ManualClock(FIRST))
        shown = {
            farm.ask(number, read_holding(0x0201, 1)) for number in farm.meter_numbers if number[6:8] == "02"
        }
        assert len(shown) > 1, seed


def test_a_virtual_clock_starts_at_one_moment() -> None:
    loop = VirtualLoop()
    with contextlib.closing(loop), pytest.raises(SettingRefused, match="start: a time with an offset"):
        VirtualClock(loop, datetime(2026, 1, 5))


@given(st.floats(0, 1e6), st.floats(0, 1e9, allow_subnormal=False))
def test_no_clock_passes_its_bound(speed: float, seconds: float) -> None:
    start = END - timedelta(minutes=1)
    for clock in (ManualClock(start), ScaledClock(start, 0)):
        try:
            clock.advance(seconds)
        except SettingRefused:
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
