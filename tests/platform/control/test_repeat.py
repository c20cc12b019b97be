"""However often a request comes, it happens once for each key."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import pytest
from sqlmodel import select

from prewatt_platform.control.errors import IdempotencyMismatch, NotPrepaid
from prewatt_platform.control.models import Command, IdempotencyKey
from prewatt_platform.control.service import ControlService
from prewatt_platform.kernel.tenancy import Actor, Scope
from prewatt_platform.metering.models import ControlMode
from prewatt_platform.metering.repository import MeterRepository

if TYPE_CHECKING:
    from conftest import House

pytestmark = pytest.mark.anyio

OpenHouse = Callable[..., Awaitable["House"]]
METER = "0000010202"
KEY = uuid.UUID("01890000-0000-7000-8000-000000000001")


async def want(
    house: "House",
    *,
    number: str = METER,
    mode: ControlMode = ControlMode.FORCED_OFF,
    reason: str | None = None,
    scope: Scope | None = None,
) -> tuple[uuid.UUID, bool]:
    async with house.database.project(scope or house.scope) as work:
        command, replayed = await ControlService(work).set_mode(KEY, number, mode, reason)
        return command.id, replayed


async def count(house: "House", model: type[Command] | type[IdempotencyKey]) -> int:
    async with house.database.project(house.scope) as work:
        return len(list((await work.session.execute(select(model))).scalars()))


async def version(house: "House") -> int:
    """How often a mode was wanted of the meter."""
    async with house.database.project(house.scope) as work:
        meters = MeterRepository(work)
        meter = await meters.by_number(METER)
        assert meter is not None
        return (await meters.point(meter.point_id)).control_version


async def test_the_same_again_gives_the_first_command(open_house: OpenHouse) -> None:
    house = await open_house()
    first, replayed = await want(house)
    assert not replayed
    assert await want(house) == (first, True)
    assert (await count(house, Command), await version(house)) == (1, 1)


async def test_the_same_again_gives_it_when_it_is_long_done_too(open_house: OpenHouse) -> None:
    house = await open_house(work="all")
    first, _ = await want(house)
    await house.ended(first)
    assert await want(house) == (first, True)
    assert len(house.farm.journal.writes(METER)) == 1


@pytest.mark.parametrize(
    "other",
    [{"mode": ControlMode.PREPAID}, {"number": "000001010A"}, {"reason": "because"}],
    ids=["mode", "meter", "reason"],
)
async def test_the_key_with_another_content_is_refused_and_nothing_is_done(
    open_house: OpenHouse, other: dict[str, str]
) -> None:
    house = await open_house()
    await want(house)
    with pytest.raises(IdempotencyMismatch, match=str(KEY)) as refused:
        await want(house, **other)  # type: ignore[arg-type]  # each is of its parameter's type
    assert refused.value.key == KEY
    assert (await count(house, Command), await version(house)) == (1, 1)


async def test_twenty_at_once_are_one(open_house: OpenHouse) -> None:
    house = await open_house()
    answers = await asyncio.gather(*(want(house) for _ in range(20)))
    assert len({command for command, _ in answers}) == 1
    assert sorted(replayed for _, replayed in answers) == [False] + [True] * 19
    assert (await count(house, Command), await version(house)) == (1, 1)


async def test_another_operator_s_same_key_is_another_request(open_house: OpenHouse) -> None:
    house = await open_house()
    other = Scope(house.scope.project_id, Actor(uuid.uuid4(), "bert"))
    first, _ = await want(house)
    second, replayed = await want(house, scope=other, mode=ControlMode.PREPAID)
    assert not replayed
    assert second != first
    assert await want(house, scope=other, mode=ControlMode.PREPAID) == (second, True)
    assert await want(house) == (first, True)


async def test_another_project_s_same_key_is_another_request(open_house: OpenHouse) -> None:
    house, other = await open_house(), await open_house(code="007")
    first, _ = await want(house)
    second, replayed = await want(
        other, number="0070010202", scope=Scope(other.scope.project_id, house.scope.actor)
    )
    assert not replayed
    assert second != first


async def test_a_refused_request_uses_no_key(open_house: OpenHouse) -> None:
    house = await open_house()
    with pytest.raises(NotPrepaid):
        await want(house, number="0000010101")
    assert await count(house, IdempotencyKey) == 0
    assert not (await want(house))[1]
