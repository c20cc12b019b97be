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
    from conftest import Deployment

pytestmark = pytest.mark.anyio

OpenDeployment = Callable[..., Awaitable["Deployment"]]
METER = "0000010202"
KEY = uuid.UUID("01890000-0000-7000-8000-000000000001")


async def want(
    deployment: "Deployment",
    *,
    number: str = METER,
    mode: ControlMode = ControlMode.FORCED_OFF,
    reason: str | None = None,
    scope: Scope | None = None,
) -> tuple[uuid.UUID, bool]:
    async with deployment.database.project(scope or deployment.scope) as work:
        command, replayed = await ControlService(work).set_mode(KEY, number, mode, reason)
        return command.id, replayed


async def count(deployment: "Deployment", model: type[Command] | type[IdempotencyKey]) -> int:
    async with deployment.database.project(deployment.scope) as work:
        return len(list((await work.session.execute(select(model))).scalars()))


async def version(deployment: "Deployment") -> int:
    """How often a mode was wanted of the meter."""
    async with deployment.database.project(deployment.scope) as work:
        meters = MeterRepository(work)
        meter = await meters.by_number(METER)
        assert meter is not None
        return (await meters.point(meter.point_id)).control_version


async def test_the_same_again_gives_the_first_command(open_deployment: OpenDeployment) -> None:
    deployment = await open_deployment()
    first, replayed = await want(deployment)
    assert not replayed
    assert await want(deployment) == (first, True)
    assert (await count(deployment, Command), await version(deployment)) == (1, 1)


async def test_the_same_again_gives_it_when_it_is_long_done_too(open_deployment: OpenDeployment) -> None:
    deployment = await open_deployment(work="all")
    first, _ = await want(deployment)
    await deployment.ended(first)
    assert await want(deployment) == (first, True)
    assert len(deployment.farm.journal.writes(METER)) == 1


@pytest.mark.parametrize(
    "other",
    [{"mode": ControlMode.PREPAID}, {"number": "000001010A"}, {"reason": "because"}],
    ids=["mode", "meter", "reason"],
)
async def test_the_key_with_another_content_is_refused_and_nothing_is_done(
    open_deployment: OpenDeployment, other: dict[str, str]
) -> None:
    deployment = await open_deployment()
    await want(deployment)
    with pytest.raises(IdempotencyMismatch, match=str(KEY)) as refused:
        await want(deployment, **other)  # type: ignore[arg-type]  # each is of its parameter's type
    assert refused.value.key == KEY
    assert (await count(deployment, Command), await version(deployment)) == (1, 1)


async def test_twenty_at_once_are_one(open_deployment: OpenDeployment) -> None:
    deployment = await open_deployment()
    answers = await asyncio.gather(*(want(deployment) for _ in range(20)))
    assert len({command for command, _ in answers}) == 1
    assert sorted(replayed for _, replayed in answers) == [False] + [True] * 19
    assert (await count(deployment, Command), await version(deployment)) == (1, 1)


async def test_another_operator_s_same_key_is_another_request(open_deployment: OpenDeployment) -> None:
    deployment = await open_deployment()
    other = Scope(deployment.scope.project_id, Actor(uuid.uuid4(), "bert"))
    first, _ = await want(deployment)
    second, replayed = await want(deployment, scope=other, mode=ControlMode.PREPAID)
    assert not replayed
    assert second != first
    assert await want(deployment, scope=other, mode=ControlMode.PREPAID) == (second, True)
    assert await want(deployment) == (first, True)


async def test_another_project_s_same_key_is_another_request(open_deployment: OpenDeployment) -> None:
    deployment, other = await open_deployment(), await open_deployment(code="007")
    first, _ = await want(deployment)
    second, replayed = await want(
        other, number="0070010202", scope=Scope(other.scope.project_id, deployment.scope.actor)
    )
    assert not replayed
    assert second != first


async def test_a_refused_request_uses_no_key(open_deployment: OpenDeployment) -> None:
    deployment = await open_deployment()
    with pytest.raises(NotPrepaid):
        await want(deployment, number="0000010101")
    assert await count(deployment, IdempotencyKey) == 0
    assert not (await want(deployment))[1]
