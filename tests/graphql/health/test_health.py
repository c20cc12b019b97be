"""Health, readiness and metrics, without a credential."""

from typing import Any

import httpx
import pytest
from sqlalchemy import text

from prewatt_graphql.serve import application
from prewatt_platform.app import Platform

pytestmark = pytest.mark.anyio


async def get(stack: Any, path: str) -> httpx.Response:
    async with httpx.AsyncClient(verify=False) as client:
        return await client.get(f"{stack.live.url}{path}")


async def test_alive_and_ready(stack: Any) -> None:
    assert (await get(stack, "/healthz")).json() == {"alive": True}
    answer = await get(stack, "/readyz")
    assert (answer.status_code, answer.json()) == (200, {"ready": True})


async def test_not_ready_with_another_schema(own_stack: Any) -> None:
    stack = await own_stack(work="api")
    async with stack.deployment.database.engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    answer = await get(stack, "/readyz")
    assert (answer.status_code, answer.json()) == (503, {"ready": False, "reason": "schema"})
    assert (await get(stack, "/healthz")).status_code == 200


@pytest.mark.parametrize("role", ["api", "collector"])
async def test_without_a_database_it_is_alive_and_not_ready(role: Any) -> None:
    platform = Platform("postgresql+asyncpg://somebody:hunter2@127.0.0.1:1/none")
    transport = httpx.ASGITransport(application(platform, role))
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        assert (await client.get("/healthz")).status_code == 200
        answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"ready": False, "reason": "database"})
    assert "hunter2" not in answer.text


async def test_metrics_for_prometheus(own_stack: Any) -> None:
    stack = await own_stack(work="api")
    admin = await stack.client()
    await admin.data("{ viewer { name } }")
    await stack.nobody.code("{ viewer { name } }")
    async with admin.socket() as socket:
        await socket.subscribe('subscription { readingAdded(meters: ["0000010101"]) { meterNumber } }')
        await socket.send(type="ping")
        await socket.receive()
        answer = await get(stack, "/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = answer.text.splitlines()
    assert 'prewatt_operations_total{transport="http"} 2' in lines
    assert 'prewatt_errors_total{code="UNAUTHENTICATED"} 1' in lines
    assert "prewatt_sockets 1" in lines
    assert "# TYPE prewatt_sockets gauge" in lines
    assert "000" not in answer.text.replace("0.0.4", ""), "no project, meter or operator is named"
