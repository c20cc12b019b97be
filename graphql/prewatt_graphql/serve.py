"""One server process: database, platform and HTTP server, until SIGINT or SIGTERM.

The collector's process serves the health routes only and imports no GraphQL.
"""

import asyncio
import logging
import signal
import sys
from collections.abc import Callable

import structlog
import uvloop
from starlette.applications import Starlette
from structlog.tracebacks import ExceptionDictTransformer

from prewatt_fixtures.http_server import listener, serving
from prewatt_graphql.health import health_routes
from prewatt_graphql.limit_values import BODY_BYTES_MAX
from prewatt_graphql.metrics import Metrics
from prewatt_platform.app import Platform, ServeRole
from prewatt_platform.kernel.database_source import database_url
from prewatt_platform.kernel.settings import Settings


def run(host: str, port: int, role: ServeRole, settings: Settings, announce: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM. `announce` is called with the URL once requests are answered.

    Raises `AddressUnusable`, and the kernel's errors when the database cannot be used.
    """
    _log_to_stderr(as_json=settings.log_json)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(host, port, role, settings, announce))


async def _serve(
    host: str, port: int, role: ServeRole, settings: Settings, announce: Callable[[str], None]
) -> None:
    stop_requested = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop_requested.set)
    with listener(host, port) as bound:
        async with database_url(settings) as database:
            platform = Platform(database, settings)
            try:
                await platform.start(role)
                api = serving(application(platform, role), bound, message_bytes_max=BODY_BYTES_MAX)
                async with api as (url, running):
                    announce(url)
                    stop = asyncio.create_task(stop_requested.wait())
                    await asyncio.wait({running, stop}, return_when=asyncio.FIRST_COMPLETED)
                    stop.cancel()
            finally:
                await platform.stop()


def application(platform: Platform, role: ServeRole) -> Starlette:
    """Routes of a process of that role."""
    metrics = Metrics()
    if role == "collector":
        app = Starlette(routes=health_routes(platform, metrics))
        app.router.redirect_slashes = False
        return app
    from prewatt_graphql.app import build_api  # noqa: PLC0415 - the collector imports no GraphQL

    return build_api(platform, metrics)


def _log_to_stderr(*, as_json: bool) -> None:
    """Log one line per event to standard error. Tracebacks omit local variables, which hold passwords and tokens."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    renderers: list[structlog.typing.Processor] = (
        [
            structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
        if as_json
        else [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *renderers,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
