"""Charged fees: rows by amount, shares of a total that add up exactly, one document for a request."""

import uuid
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from prewatt_platform.accounts.errors import TermRefused
from prewatt_platform.charges.models import Basis
from prewatt_platform.charges.rules import settled
from prewatt_platform.charges.service import ChargeRow, ChargeService, ChargeTerms, PlannedCharge, ShareTerms
from prewatt_platform.control.errors import IdempotencyMismatch, ReasonMissing
from prewatt_platform.control.rows import RowsRefused
from prewatt_platform.ledger.repository import LedgerRepository
from prewatt_platform.ledger.rules import AccountKind
from prewatt_platform.metering.models import Reading
from prewatt_platform.metering.readings import ReadingRepository
from prewatt_platform.metering.repository import MeterRepository
from prewatt_platform.reconciliation.service import verify

pytestmark = pytest.mark.anyio

OPENED, UNOPENED, THIRD, FOURTH = "0000010201", "0000010202", "0000010203", "000001010A"


@pytest.fixture(scope="module")
async def deployment(open_shared_deployment: Callable[..., Awaitable[Any]]) -> Any:
    """One project for all tests: each adds charges of its own."""
    return await open_shared_deployment("tiny")


def share(total_fen: int, basis: Basis, **period: Any) -> ChargeTerms:
    return ChargeTerms("lift", "January", ShareTerms(total_fen, basis, **period))


async def plan(deployment: Any, terms: ChargeTerms, *rows: ChargeRow) -> list[PlannedCharge]:
    async with deployment.database.project(deployment.scope) as work:
        return await ChargeService(work).plan(terms, rows)


async def amounts(deployment: Any, terms: ChargeTerms, *rows: ChargeRow) -> list[int]:
    return [each.amount_fen for each in await plan(deployment, terms, *rows)]


async def test_equal_and_weighted_shares_add_up(deployment: Any) -> None:
    alike = [ChargeRow(number) for number in (OPENED, THIRD, FOURTH)]
    assert await amounts(deployment, share(100, Basis.EQUAL), *alike) == [34, 33, 33]
    weighted = [ChargeRow(OPENED, weight=5000), ChargeRow(THIRD, weight=0), ChargeRow(FOURTH, weight=10000)]
    assert await amounts(deployment, share(100, Basis.AREA), *weighted) == [33, 0, 67]


async def test_shares_by_the_energy_of_a_period(deployment: Any) -> None:
    now = deployment.platform.clock.now()
    period = {"period_from": now - timedelta(days=30), "period_to": now}
    rows = [ChargeRow(OPENED), ChargeRow(THIRD)]
    with pytest.raises(RowsRefused) as refused:
        await amounts(deployment, share(1000, Basis.USE, **period), *rows)
    assert [(each.row, each.error) for each in refused.value.refusals] == [
        (0, "NoEnergyAt"),
        (1, "NoEnergyAt"),
    ]
    for number, used in ((OPENED, 3000), (THIRD, 1000)):
        await _read(deployment, number, period["period_from"] - timedelta(hours=1), 100)
        await _read(deployment, number, now - timedelta(hours=1), 100 + used)
        await _read(deployment, number, now + timedelta(hours=1), 99999)
    planned = await plan(deployment, share(1000, Basis.USE, **period), *rows)
    assert [(each.weight, each.amount_fen) for each in planned] == [(3000, 750), (1000, 250)]


async def _read(deployment: Any, number: str, at: Any, energy_centikwh: int) -> None:
    async with deployment.database.project(deployment.scope) as work:
        meter = await MeterRepository(work).by_number(number)
        assert meter is not None
        from sqlalchemy import text

        await work.session.execute(text("SELECT ensure_readings_month(:at)"), {"at": at})
        row = Reading(
            project_id=work.project_id,
            meter_id=meter.id,
            at=at,
            stale=False,
            multiplier=1,
            energy_centikwh=energy_centikwh,
            energy_by_rate_centikwh=[energy_centikwh],
            power_w=0,
            voltages_dv=[],
            currents_ca=[],
        )
        await ReadingRepository(work).add(row)


async def test_posted_once_under_one_document(deployment: Any) -> None:
    key = uuid.uuid4()
    rows = [ChargeRow(OPENED, weight=100), ChargeRow(THIRD, weight=0), ChargeRow(FOURTH, weight=200)]
    terms = share(1000, Basis.AREA)

    async def post(*rows: ChargeRow) -> Any:
        async with deployment.database.project(deployment.scope) as work:
            return await ChargeService(work).charge(key, "shareCreate", terms, rows)

    batch, charges, replayed = await post(*rows)
    assert (batch.document, batch.total_fen, replayed) == ("000F000001", 1000, False)
    # a share of 0 is charged to nobody
    assert [(each.row_number, each.amount_fen) for each in charges] == [(0, 333), (2, 667)]
    again, charges_again, replayed = await post(*rows)
    assert (again.id, len(charges_again), replayed) == (batch.id, 2, True)
    with pytest.raises(IdempotencyMismatch):
        await post(*rows[:1])
    async with deployment.database.project(deployment.scope) as work:
        ledger = LedgerRepository(work)
        assert await ledger.balance_fen(AccountKind.OWED, str(charges[0].account_id)) == -333
        assert await ledger.balance_fen(AccountKind.FEES, "share") == 1000
    async with deployment.database.snapshot(deployment.scope) as work:
        wrong = [each for outcome in await verify(work) if outcome.code != "T7" for each in outcome.first]
    assert wrong == []


async def test_rows_are_refused_by_number(deployment: Any) -> None:
    rows = [
        ChargeRow(OPENED, amount_fen=100),
        ChargeRow(UNOPENED, amount_fen=100),
        ChargeRow(THIRD, amount_fen=0),
        ChargeRow(OPENED, amount_fen=100),
        ChargeRow("0090010201", amount_fen=100),
    ]
    with pytest.raises(RowsRefused) as refused:
        await plan(deployment, ChargeTerms("January", "agreed"), *rows)
    assert [(each.row, each.error) for each in refused.value.refusals] == [
        (1, "NotOpened"), (2, "AmountRefused"), (3, "MeterTwice"), (4, "UnknownMeter"),
    ]  # fmt: skip
    for weight in (None, -1, 10**9 + 1):
        with pytest.raises(RowsRefused, match="weight"):
            await plan(deployment, share(100, Basis.AREA), ChargeRow(OPENED, weight=weight))


@pytest.mark.parametrize(
    ("terms", "rows", "error"),
    [
        (ChargeTerms(" ", "agreed"), 1, TermRefused),
        (ChargeTerms("x" * 61, "agreed"), 1, TermRefused),
        (ChargeTerms("January", " "), 1, ReasonMissing),
        (ChargeTerms("January", "agreed"), 0, TermRefused),
        (ChargeTerms("January", "agreed"), 251, TermRefused),
        (share(0, Basis.EQUAL), 1, TermRefused),
        (share(10**12 + 1, Basis.EQUAL), 1, TermRefused),
        (share(100, Basis.USE), 1, TermRefused),
        (share(100, Basis.AREA), 1, TermRefused),
    ],
)
async def test_wrong_terms_are_refused(
    deployment: Any, terms: ChargeTerms, rows: int, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await plan(deployment, terms, *[ChargeRow(OPENED, amount_fen=100, weight=0)] * rows)


def test_the_first_charges_are_settled_first() -> None:
    assert settled([300, 200, 100], 400) == [300, 100, 0]
    assert settled([300, 200], 0) == [0, 0]
    assert settled([300], -5) == [0]
    assert settled([300], 300) == [300]
