"""Health, readiness and metrics: plain routes without credentials."""

import asyncio

from sqlalchemy.exc import DBAPIError
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from prewatt_graphql.metrics import Metrics
from prewatt_platform.app import Platform
from prewatt_platform.kernel import migrate
from prewatt_platform.kernel.errors import PlatformError, SchemaOutdated

READY_S_MAX = 5.0


def health_routes(platform: Platform, metrics: Metrics) -> list[Route]:
    """`/healthz`, `/readyz` and `/metrics`."""

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"alive": True})

    async def readyz(_request: Request) -> Response:
        reason = await _not_ready_reason(platform)
        if reason is None:
            return JSONResponse({"ready": True})
        return JSONResponse({"ready": False, "reason": reason}, status_code=503)

    async def counts(_request: Request) -> Response:
        return PlainTextResponse(metrics.render(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", counts)]


async def _not_ready_reason(platform: Platform) -> str | None:
    """None when the database answers and has this schema; else one word that does not contain its address."""
    try:
        async with asyncio.timeout(READY_S_MAX):
            await platform.database.check()
            await migrate.check(platform.database)
    except (PlatformError, DBAPIError, OSError, TimeoutError) as wrong:
        return "schema" if isinstance(wrong, SchemaOutdated) else "database"
    return None
