"""pytest plugin: the fixtures `meter_farm` and `meter_farm_factory`, their marker, seed option and report section.

Every pytest run in an environment with prewatt imports this module, so it imports nothing further until a test uses a
farm. `testing` has the farms themselves.
"""

from __future__ import annotations

import zlib
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from prewatt_simulator.testing import MeterFarm, MeterFarmFactory

_MARKER = (
    "meter_farm(site='tiny', framing='rtu', seed=None, clock='manual', start=..., wire_timing=False): "
    "what the fixture meter_farm is built from; the keywords of meter_farm_factory."
)
_FARMS = pytest.StashKey["MeterFarmFactory"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--meter-farm-seed`, which repeats a failure."""
    parser.getgroup("meter farm").addoption(
        "--meter-farm-seed",
        type=int,
        metavar="SEED",
        help="seed of every meter farm; without it each test has its own, which a failure shows",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, as strict markers require."""
    config.addinivalue_line("markers", _MARKER)


@pytest.fixture
def meter_farm_factory(request: pytest.FixtureRequest) -> Iterator[MeterFarmFactory]:
    """Builds meter farms for the duration of the test: `meter_farm_factory("mingde", framing="tcp")`."""
    from prewatt_simulator.testing import MeterFarmFactory  # noqa: PLC0415 - see above

    # a test's own seed comes from its node id: the same in every run, and another for every test
    seed: int | None = request.config.getoption("--meter-farm-seed")
    factory = MeterFarmFactory(zlib.crc32(request.node.nodeid.encode()) if seed is None else seed)
    request.node.stash[_FARMS] = factory
    yield factory
    factory.close()


@pytest.fixture
def meter_farm(request: pytest.FixtureRequest, meter_farm_factory: MeterFarmFactory) -> MeterFarm:
    """A farm of simulated meters: site `tiny`, unless the marker `meter_farm` has other arguments."""
    marker = request.node.get_closest_marker("meter_farm")
    return meter_farm_factory(*marker.args, **marker.kwargs) if marker else meter_farm_factory()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the journal of the test's farms, and the option that repeats them, to the report of a failure."""
    report = yield
    if report.failed and _FARMS in item.stash:
        report.sections.extend(("meter farm", section) for section in item.stash[_FARMS].report())
    return report
