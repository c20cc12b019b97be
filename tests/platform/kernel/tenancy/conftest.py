"""Two projects in one database, each with at least one row in every table; the database is copied for each test."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from prewatt_fixtures.clock import RealClock
from prewatt_platform.accounts.refunds import RefundService
from prewatt_platform.accounts.repository import OrderRepository, PolicyRepository
from prewatt_platform.accounts.sales import SalesService
from prewatt_platform.accounts.service import AccountService, OpeningTerms
from prewatt_platform.charges.service import ChargeRow, ChargeService, ChargeTerms
from prewatt_platform.grants.models import GrantKind
from prewatt_platform.grants.service import GrantRow, GrantService, GrantTerms
from prewatt_platform.kernel.connections import connect
from prewatt_platform.kernel.database import Database
from prewatt_platform.kernel.ids import IdMaker
from prewatt_platform.kernel.tenancy import Actor, Scope
from prewatt_platform.operators.models import Role
from prewatt_platform.receipts.models import Form, Language
from prewatt_platform.receipts.service import ReceiptService
from prewatt_platform.reconciliation.models import Verification
from prewatt_platform.reconciliation.repository import VerificationRepository
from prewatt_platform.tariffs import terms as plan_terms
from prewatt_platform.tariffs.service import PlanTarget, TariffService
from prewatt_platform.tariffs.terms import DayType, Medium
from prewatt_platform.tills.models import TillClosing
from prewatt_platform.tills.service import TillService

if TYPE_CHECKING:
    from conftest import Deployment


def unopened(deployment: "Deployment") -> str:
    """A prepaid meter of `tiny` without an account, as numbered in this deployment's project."""
    return f"{deployment.project.code}0010202"


@dataclass
class TwoProjects:
    """A database with two projects; `own` and `foreign` are their scopes, as one operator."""

    database: Database
    own: Scope
    foreign: Scope
    superuser: "asyncpg.Connection[Any]"
    """On the same database, for looking without row-level security."""


async def _sell(deployment: "Deployment", meter_number: str | None = None) -> uuid.UUID:
    number = meter_number or unopened(deployment)
    async with deployment.database.project(deployment.scope) as work:
        command, _ = await SalesService(work).sell(uuid.uuid4(), number, 5000)
    return command.id


async def _live(deployment: "Deployment") -> None:
    """Whatever leaves rows: readings, an opening, sales, a reversal, rules of selling, a proposal, closings."""
    await deployment.read()
    async with deployment.database.project(deployment.scope) as work:
        command, _ = await AccountService(work).open(
            uuid.uuid4(), unopened(deployment), OpeningTerms("Shop", "123")
        )
    assert (await deployment.ended(command.id)).state == "SUCCEEDED"
    for _ in range(2):
        sold = await _sell(deployment)
        assert (await deployment.ended(sold)).state == "APPLIED"
    async with deployment.database.project(deployment.scope) as work:
        order = await OrderRepository(work).by_command(sold)
        assert order is not None
        await ReceiptService(work).print(uuid.uuid4(), order.receipt_number, Form.TEXT_32, Language.CHINESE)
        reversal, _ = await RefundService(work).reverse(uuid.uuid4(), order.receipt_number, "mistyped")
    assert (await deployment.ended(reversal.id)).state == "APPLIED"
    terms = GrantTerms(GrantKind.ALLOWANCE, "basic", date(2026, 1, 1), "agreed")
    async with deployment.database.project(deployment.scope) as work:
        granted, _ = await GrantService(work).grant(
            uuid.uuid4(), terms, [GrantRow(unopened(deployment), 300)]
        )
    assert (await deployment.ended(granted.orders[0].command_id)).state == "APPLIED"
    async with deployment.database.project(deployment.scope) as work:
        policy = await PolicyRepository(work).policy(for_update=True)
        policy.second_person_above_fen, policy.owed_share_e4 = 0, 1000
        proposed, _ = await RefundService(work).refund(uuid.uuid4(), unopened(deployment), 100, "moves out")
    assert proposed is None
    await _charge(deployment)
    closing = await _close_till(deployment)
    async with deployment.database.project(deployment.scope) as work:
        await TillService(work).close_day(uuid.uuid4(), closing.closed_at.date())
        tariffs = TariffService(work)
        plan, _ = await tariffs.create(
            uuid.uuid4(), "plan", Medium.ELECTRICITY, plan_terms.terms(Medium.ELECTRICITY, [[5000]])
        )
        await tariffs.assign(uuid.uuid4(), plan, PlanTarget(), None)
        await tariffs.set_days([(date(2026, 5, 1), DayType.HOLIDAY, "labour day")])
        row = Verification(
            project_id=work.project_id,
            day=closing.closed_at.date(),
            id=work.new_id(),
            at=closing.closed_at,
            findings=0,
            outcomes=[],
        )
        await VerificationRepository(work).add(row)


async def _charge(deployment: "Deployment") -> None:
    rows = [ChargeRow(unopened(deployment), 10000)]
    terms = ChargeTerms("January", "agreed")
    async with deployment.database.project(deployment.scope) as work:
        charges = ChargeService(work)
        await charges.charge(uuid.uuid4(), "chargeCreate", terms, rows)
        mistyped, _, _ = await charges.charge(uuid.uuid4(), "chargeCreate", terms, rows)
        await charges.reverse(uuid.uuid4(), mistyped.document, "mistyped")


async def _close_till(deployment: "Deployment") -> TillClosing:
    async with deployment.database.project(deployment.scope) as work:
        tills = TillService(work)
        closing, _ = await tills.close(uuid.uuid4(), (await tills.till()).expected_fen, None)
    return closing


@pytest.fixture(scope="session")
async def town_template(
    own_database: Callable[[str], AbstractAsyncContextManager[str]],
    migrated_template: str,
    build_deployment: Callable[..., Awaitable["Deployment"]],
) -> AsyncIterator[str]:
    """Name of the database to copy."""
    async with own_database(migrated_template) as url:
        async with AsyncExitStack() as stack:
            first = await build_deployment(stack, url, "tiny", code="001", work="all")
            second = await build_deployment(stack, url, "tiny", code="002")
            await first.operator("anna", Role.VIEWER)
            for deployment in (first, second):
                await _live(deployment)
            # no more work is done, so that an order stays open in each
            await first.platform.stop()
            for deployment in (first, second):
                await _sell(deployment)
            # so that the projects differ in their number of closings and charges, too, and no till is empty
            await _close_till(second)
            await _charge(second)
            await _sell(second, "0020010201")
        yield str(make_url(url).database)


@pytest.fixture(scope="module")
async def two_projects(
    own_database: Callable[[str], AbstractAsyncContextManager[str]], town_template: str
) -> AsyncIterator[TwoProjects]:
    """One for each test module: tests undo what they do."""
    clock = RealClock()
    async with own_database(town_template) as url:
        superuser = await connect(url)
        own, foreign = await superuser.fetchval("SELECT array_agg(id ORDER BY code) FROM projects")
        database = Database(url, clock=clock, new_id=IdMaker(clock))
        actor = Actor(uuid.uuid4(), "anna")
        yield TwoProjects(database, Scope(own, actor), Scope(foreign, actor), superuser)
        await database.close()
        await superuser.close()
