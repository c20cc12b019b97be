"""A farm with a device of every model, and the check that a peer reads what the Python views show."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import cache
from itertools import chain
from pathlib import Path
from typing import NamedTuple, NoReturn

import pytest

from prewatt_fixtures.endpoints import Framing
from prewatt_fixtures.measurements import CHANNELS, Measurement
from prewatt_fixtures.profile import DeviceKind, Profile, profiles
from prewatt_fixtures.registers import Value
from prewatt_fixtures.site import parse_site
from prewatt_fixtures.wire.pdu import READ_DISCRETE, READ_HOLDING, READ_INPUT
from prewatt_simulator.devices.device_view import ClimateView, TerminalView, WaterView
from prewatt_simulator.devices.meter_view import MeterView
from prewatt_simulator.testing import MeterFarm, MeterFarmFactory

NODE = Path(__file__).with_name("node")
MODELS = tuple(profiles())
GATEWAY = """
[project]
code = "009"
name = "one of each"
[[gateways]]
number = "009001"
ports = [{ port = 1 }]
"""
STARTS = {
    DeviceKind.ENERGY_METER: 'ct = 20\nstart = { energy = "12345.60" }\nload = { kwh_per_day = "480.00" }',
    DeviceKind.WATER_METER: 'start = { volume = "1234.567" }\nload = { m3_per_day = "2.400" }',
}
PREPAID = (
    'start = { energy = "465.00", remaining = "-41.25", purchase_count = 6, total_purchased = "300.00" }'
)

Found = Mapping["Range", list[int]]


class Range(NamedTuple):
    """The range of one read request: registers or contacts."""

    code: int
    address: int
    size: int


class PeerBench:
    """The farm that a peer reads, with the ranges to read and the check of the values."""

    models = MODELS

    def __init__(self, farm: MeterFarm) -> None:
        self.farm = farm
        self.bus = farm.endpoints[0]

    def number(self, model: str) -> str:
        return f"00900101{self.unit(model):02X}"

    def unit(self, model: str) -> int:
        return 1 + MODELS.index(model)

    def ranges(self, model: str) -> list[Range]:
        """Every block of a model by every function that reads it, in pieces as long as clients should ask for."""
        described = profiles()[model]
        codes = [READ_HOLDING, READ_INPUT] if described.input_function else [READ_HOLDING]
        longest = described.limits.read_planned
        registers = [
            Range(code, at, min(longest, block.end - at))
            for code in codes
            for block in described.blocks
            for at in range(block.start, block.end, longest)
        ]
        inputs = described.discrete_inputs
        contacts = [] if inputs is None else [Range(READ_DISCRETE, inputs.start, inputs.count)]
        return registers + contacts

    def check(self, model: str, found: Found) -> None:
        """Assert that the values which a peer read of a device are those of its view."""
        described = profiles()[model]
        expected = dict(self._shown(model, described))
        assert expected
        for code in {READ_HOLDING, READ_INPUT} & {asked.code for asked in found}:
            words = dict(chain.from_iterable(enumerate(found[r], r.address) for r in found if r.code == code))
            for measurement, value in expected.items():
                for row in described.rows_of(measurement):
                    data = b"".join(words[at].to_bytes(2, "big") for at in range(row.address, row.end))
                    assert row.decode(data) == value, (measurement, code)
        self._check_contacts(model, found)

    def _check_contacts(self, model: str, found: Found) -> None:
        view = self.farm.farm.view(self.number(model))
        for asked in (asked for asked in found if asked.code == READ_DISCRETE):
            assert isinstance(view, TerminalView)
            closed = [number for number, bit in enumerate(found[asked][: asked.size], 1) if bit]
            assert closed == [number for number in range(1, asked.size + 1) if view.closed(number)] != []

    def _shown(self, model: str, described: Profile) -> Iterator[tuple[Measurement, Value]]:
        view = self.farm.farm.view(self.number(model))
        match view:
            case MeterView():
                ratio = 20 if described.secondary and not described.prepaid else 1
                yield Measurement.ENERGY_TOTAL, view.energy_centikwh // ratio
                if described.prepaid:
                    yield Measurement.REMAINING, view.remaining_fen
                    yield Measurement.PURCHASE_COUNT, view.purchase_count
                    yield Measurement.TOTAL_PURCHASED, view.total_purchased_fen
            case WaterView():
                yield Measurement.VOLUME_FORWARD, view.volume_litres
                yield Measurement.FLOW, view.flow_litres_per_hour
            case TerminalView():
                numbers = range(1, view.input_count + 1)
                yield Measurement.INPUT_STATES, sum(view.closed(number) << number - 1 for number in numbers)
            case ClimateView():
                for channel in CHANNELS:
                    yield Measurement.of(f"temperature_{channel}"), view.air(channel).temperature
                    yield Measurement.of(f"humidity_{channel}"), view.air(channel).humidity


def _site() -> str:
    rows = []
    for unit, described in enumerate(profiles().values(), 1):
        values = PREPAID if described.prepaid else STARTS.get(described.kind, "")
        rows.append(
            f'[[meters]]\nnumber = "00900101{unit:02X}"\nmodel = "{described.model}"\nplace = "bench"\n{values}'
        )
    return GATEWAY + "\n".join(rows)


def _shelf(factory: MeterFarmFactory, framing: Framing) -> PeerBench:
    farm = factory(parse_site(_site(), "peers"), framing=framing)
    for number in farm.meter_numbers:
        match farm.farm.view(number):
            case TerminalView() as terminal:
                for contact in {1, 3, terminal.input_count}:
                    terminal.set_closed(contact, True)
            case ClimateView() as climate:
                climate.set_air(1, temperature=-55, humidity=801)
    farm.advance(3600)
    return PeerBench(farm)


@pytest.fixture(scope="session")
def bench_of() -> Iterator[Callable[[Framing], PeerBench]]:
    """The farm that speaks one framing, the same one for all who ask."""
    with ExitStack() as stack:
        factory = MeterFarmFactory(1)
        stack.callback(factory.close)
        yield cache(lambda framing: _shelf(factory, framing))


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest) -> str:
    """Every model, one after the other."""
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def node(peer: Callable[[str], str], lacking: Callable[[str], NoReturn]) -> str:
    """The program node, with the packages of the folder `node` in their place."""
    if not (NODE / "node_modules" / "modbus-serial").is_dir():
        lacking("the Node package modbus-serial")
    return peer("node")
