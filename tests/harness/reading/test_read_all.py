"""A meter counts as read when a new reading has all that the meter must have; the others are named."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from prewatt_fixtures.clock import RealClock
from prewatt_fixtures.site import load_site
from prewatt_harness.api import Api
from prewatt_harness.progress import Progress
from prewatt_harness.reading import READ_S_MAX, ReadMeters, is_read, read_all
from prewatt_platform.accounts.meter_list import MeterListFilter, MeterListOrder, MeterListRepository
from prewatt_platform.operators.models import Role
from prewatt_simulator.faults import Fault, FaultKind

pytestmark = pytest.mark.anyio

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
METERS = {meter.number: meter for meter in load_site("tiny").meters}
POSTPAID = METERS["0000010102"]
PREPAID = METERS["0000010202"]


def answered(number: str, **reading: Any) -> dict[str, Any]:
    """A meter as the API gives it."""
    whole = {
        "at": AT.isoformat(),
        **dict.fromkeys(("energyTotal", "energySharp", "energyPeak", "energyFlat", "energyValley"), "1.00"),
        "power": "0.000",
        "remaining": {"amount": "0.00"},
        "purchaseCount": 0,
        "totalPurchased": {"amount": "0.00"},
        "relay": "CLOSED",
    }
    return {"number": number, "reading": {**whole, **reading}}


@pytest.mark.parametrize("meter", [POSTPAID, PREPAID], ids=["postpaid", "prepaid"])
def test_a_whole_new_reading_counts(meter: Any) -> None:
    assert is_read(meter, answered(meter.number), AT)


@pytest.mark.parametrize("meter", [POSTPAID, PREPAID], ids=["postpaid", "prepaid"])
@pytest.mark.parametrize(
    "missing", ["energyTotal", "energySharp", "energyPeak", "energyFlat", "energyValley", "power"]
)
def test_energy_and_power_must_be_there(meter: Any, missing: str) -> None:
    assert not is_read(meter, answered(meter.number, **{missing: None}), AT)


@pytest.mark.parametrize(
    "lack", [{"remaining": None}, {"purchaseCount": None}, {"totalPurchased": None}, {"relay": "UNKNOWN"}]
)
def test_a_prepaid_meter_must_tell_of_its_credit_and_relay(lack: dict[str, Any]) -> None:
    assert not is_read(PREPAID, answered(PREPAID.number, **lack), AT)
    assert is_read(POSTPAID, answered(POSTPAID.number, **lack), AT)


def test_no_reading_and_an_old_one_do_not_count() -> None:
    assert not is_read(POSTPAID, {"number": POSTPAID.number, "reading": None}, AT)
    assert not is_read(POSTPAID, answered(POSTPAID.number), AT + timedelta(seconds=1))


def test_the_time_begins_with_the_platforms_word_or_with_an_earlier_reading() -> None:
    done = ReadMeters((answered(POSTPAID.number),), (), done_at=AT + timedelta(seconds=5))
    assert done.seconds_from(ready_at=AT + timedelta(seconds=2)) == 5
    assert done.seconds_from(ready_at=AT - timedelta(seconds=2)) == 7


class Counts(Progress):
    """Keeps what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[int, int]] = []

    def counted(self, done: int, total: int) -> None:
        self.told.append((done, total))


async def test_a_site_is_read_when_all_of_it_is(open_deployment: Any, open_api: Any) -> None:
    since = RealClock().now()
    deployment = await open_deployment("tiny", work="all")
    live = await open_api(deployment)
    await deployment.operator("reader", Role.VIEWER)
    progress = Counts()
    async with Api.signed_in(live.url, "reader", "correct horse", "000") as api:
        found = await read_all(api, deployment.farm.site, since, RealClock(), progress)
    assert [meter["number"] for meter in found.read] == sorted(METERS)
    assert found.failed == ()
    assert progress.told[-1] == (8, 8)
    assert 0 < found.seconds_from(since) < READ_S_MAX


async def test_a_dead_meter_is_named_and_the_others_count(open_deployment: Any, open_api: Any) -> None:
    since = RealClock().now() - timedelta(seconds=READ_S_MAX)  # patience is at its end at once
    deployment = await open_deployment("tiny")
    deployment.farm.faults.add(Fault(kind=FaultKind.DEAD_METER, meter=PREPAID.number))
    await deployment.platform.start("all")

    async def all_others_read() -> bool:
        async with deployment.database.project(deployment.scope) as work:
            rows, _ = await MeterListRepository(work).page(MeterListFilter(), MeterListOrder(), 100, None)
        return {row.meter.number for row in rows if row.state.reading_at} == METERS.keys() - {PREPAID.number}

    await deployment.until(all_others_read)
    live = await open_api(deployment)
    await deployment.operator("reader", Role.VIEWER)
    async with Api.signed_in(live.url, "reader", "correct horse", "000") as api:
        found = await read_all(api, deployment.farm.site, since, RealClock(), Progress())
    assert found.failed == (PREPAID.number,)
    assert len(found.read) == 7


async def test_what_was_read_before_is_read_again(open_deployment: Any, open_api: Any) -> None:
    deployment = await open_deployment("tiny", work="all")
    await deployment.read()
    since = RealClock().now()
    live = await open_api(deployment)
    await deployment.operator("engineer", Role.ENGINEER)
    async with Api.signed_in(live.url, "engineer", "correct horse", "000") as api:
        found = await read_all(api, deployment.farm.site, since, RealClock(), Progress())
    assert found.failed == ()
