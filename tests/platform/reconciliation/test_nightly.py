"""Each project is verified once a local day from 02:00 on, and what was found is kept and told by the API."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from prewatt_fixtures.clock import ManualClock
from prewatt_platform.kernel.database import Database
from prewatt_platform.kernel.ids import IdMaker
from prewatt_platform.reconciliation.nightly import NightlyVerification, due_day
from prewatt_platform.reconciliation.repository import VerificationRepository

pytestmark = pytest.mark.anyio

MIDNIGHT = datetime(2026, 3, 1, 16, tzinfo=UTC)
"""00:00 of 2 March in Shanghai."""


@pytest.mark.parametrize(
    ("hour", "minute", "due"),
    [(15, 59, date(2026, 3, 1)), (16, 0, None), (17, 59, None), (18, 0, date(2026, 3, 2))],
)
def test_due_from_two_o_clock_of_the_projects_zone(hour: int, minute: int, due: date | None) -> None:
    assert due_day(MIDNIGHT.replace(hour=hour, minute=minute), "Asia/Shanghai") == due


async def test_once_a_night_by_whoever_leads(open_deployment: Callable[..., Awaitable[Any]]) -> None:
    deployment = await open_deployment("tiny")
    clock = ManualClock(MIDNIGHT)
    database = Database(deployment.database.url, clock=clock, new_id=IdMaker(clock))
    nightly, another = NightlyVerification(database, clock), NightlyVerification(database, clock)
    assert await nightly.verify_due() == []
    clock.advance(2 * 3600)
    (first,) = await nightly.verify_due()
    assert (first.day, first.findings) == (date(2026, 3, 2), 0)
    assert {"M1", "T7", "A1"} <= {outcome["code"] for outcome in first.outcomes}
    assert await nightly.verify_due() == []
    assert await another.verify_due() == []
    # two nights without a leader are made up by one verification of now
    clock.advance(2 * 86_400)
    (second,) = await another.verify_due()
    async with database.project(deployment.scope) as work:
        kept = await VerificationRepository(work).latest(10)
    await database.close()
    assert [row.day for row in kept] == [second.day, first.day]
    assert second.day == date(2026, 3, 4)
