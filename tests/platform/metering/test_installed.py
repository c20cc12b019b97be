"""A meter's life: its number is unique among installed meters and goes to its successor; its own row stays."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from prewatt_fixtures.site import load_site
from prewatt_platform.accounts.meter_list import MeterListRepository
from prewatt_platform.kernel.database import Database
from prewatt_platform.kernel.tenancy import PLATFORM, Scope, Work
from prewatt_platform.metering.models import Meter, MeterState
from prewatt_platform.metering.repository import MeterRepository
from prewatt_platform.onboarding import import_site

pytestmark = pytest.mark.anyio

SCOPE = Scope(1, PLATFORM)
NUMBER = "0000010201"


async def _successor(work: Work, old: Meter) -> Meter:
    meters = MeterRepository(work)
    new = await meters.add(
        Meter(
            project_id=1,
            id=work.new_id(),
            point_id=old.point_id,
            number=old.number,
            model=old.model,
            ct=old.ct,
            pt=old.pt,
            postpaid=old.postpaid,
            created_at=work.clock.now(),
        )
    )
    await meters.add(MeterState(project_id=1, meter_id=new.id))
    return new


async def test_successor_takes_over_number_and_point(database: Database) -> None:
    await import_site(database, load_site("tiny"), ())
    async with database.project(SCOPE) as work:
        meters = MeterRepository(work)
        count = await meters.count()
        old = await meters.by_number(NUMBER)
        assert old is not None
        old.retired_at = work.clock.now() + timedelta(seconds=1)
        await work.session.flush()
        new = await _successor(work, old)
    async with database.project(SCOPE) as work:
        meters = MeterRepository(work)
        found = await meters.by_number(NUMBER)
        assert found is not None
        assert found.id == new.id
        assert await meters.count() == count
        assert [meter.id for meter in await meters.all() if meter.number == NUMBER] == [new.id]
        retired = await meters.by_id(old.id)
        assert retired is not None
        assert retired.number == NUMBER
        row = await MeterListRepository(work).by_number(NUMBER)
        assert row is not None
        assert row.meter.id == new.id


async def test_two_installed_meters_never_share_a_number_or_a_point(database: Database) -> None:
    await import_site(database, load_site("tiny"), ())
    async with database.project(SCOPE) as work:
        old = await MeterRepository(work).by_number(NUMBER)
        assert old is not None
        with pytest.raises(IntegrityError, match="meters_installed"):
            await _successor(work, old)
        await work.session.rollback()
