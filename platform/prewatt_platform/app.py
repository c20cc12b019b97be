"""Composition root of the platform: database, events, field, collector and dispatcher.

The API, the commands and the tests use `Platform`. It knows no GraphQL. Roles of a process: `api` answers requests and
accepts orders; `collector` reads meters and carries out orders; `all` does both.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Final, Literal

import asyncpg
import structlog
from sqlalchemy.exc import DBAPIError

from prewatt_fixtures.clock import Clock, RealClock
from prewatt_platform.accounts.delivery import deliver_order
from prewatt_platform.accounts.opening import open_account
from prewatt_platform.accounts.settlement import settle_from_readings
from prewatt_platform.collection.schedule import Collector
from prewatt_platform.collection.writer import ReadingWriter
from prewatt_platform.control.dispatcher import Dispatcher
from prewatt_platform.control.handlers import refresh, set_control_mode
from prewatt_platform.control.models import CommandKind
from prewatt_platform.control.task import Handler
from prewatt_platform.field.field import Field
from prewatt_platform.field.settings import FieldSettings
from prewatt_platform.field.transport import Connect, tcp_connect
from prewatt_platform.kernel import migrate
from prewatt_platform.kernel.backbone import Backbone
from prewatt_platform.kernel.database import Database
from prewatt_platform.kernel.ids import IdMaker
from prewatt_platform.kernel.leadership import LeadershipLost, leadership
from prewatt_platform.kernel.settings import Settings
from prewatt_platform.operators.service import OperatorService
from prewatt_platform.reconciliation.nightly import NightlyVerification
from prewatt_platform.tariffs.download import set_prices

ServeRole = Literal["all", "api", "collector"]

HANDLERS: Final[Mapping[CommandKind, Handler]] = {
    CommandKind.REFRESH: refresh,
    CommandKind.CONTROL_MODE: set_control_mode,
    CommandKind.PRICES_SET: set_prices,
    CommandKind.ACCOUNT_OPEN: open_account,
    CommandKind.SALE: deliver_order,
    CommandKind.REFUND: deliver_order,
    CommandKind.REVERSAL: deliver_order,
    CommandKind.GRANT: deliver_order,
}

_log = structlog.get_logger(__name__)


class Platform:
    """One process of the platform over one database."""

    def __init__(
        self,
        database_url: str,
        settings: Settings | None = None,
        *,
        clock: Clock | None = None,
        connect: Connect = tcp_connect,
    ) -> None:
        self.settings = settings or Settings()
        self.clock: Clock = clock or RealClock()
        self.new_id = IdMaker(self.clock)
        self.database = Database(
            database_url,
            clock=self.clock,
            new_id=self.new_id,
            connections_max=self.settings.database_connections_max,
        )
        self.backbone = Backbone(database_url)
        self.operators = OperatorService(self.database, self.settings)
        self._connect = connect
        self._writer = ReadingWriter(self.database, self.clock, settle_from_readings)
        self._worker: asyncio.Task[None] | None = None

    async def start(self, role: ServeRole = "all") -> None:
        """Check the database, listen for events, and start collector and dispatcher unless the role is `api`.

        Raises `DatabaseUnreachable`, `SchemaOutdated`.
        """
        await self.database.check()
        await migrate.check(self.database)
        await self.backbone.start()
        if role != "api":
            self._worker = asyncio.create_task(self._work(), name="collector and dispatcher")

    async def stop(self) -> None:
        """Stop collector and dispatcher, store the last readings, disconnect. Open orders stay and are resumed later."""
        if self._worker is not None:
            self._worker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._worker
        # after the collector, which fills the writer, and before the database is closed
        try:
            await self._writer.flush()
        except (OSError, DBAPIError) as reason:
            _log.error("the last readings could not be stored", reason=str(reason))
        await self.backbone.stop()
        await self.database.close()

    async def _work(self) -> None:
        """Wait for leadership, work, and start over after any failure, for ever."""
        while True:
            try:
                async with leadership(self.database.url) as lost:
                    await self._lead(lost)
            except LeadershipLost:
                _log.warning(
                    "the connection that held the leader lock is gone; waiting to become leader again"
                )
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as reason:
                _log.warning("the database cannot be reached", reason=str(reason))
                await asyncio.sleep(1)
            except Exception:
                _log.exception("collector or dispatcher failed; starting again")
                await asyncio.sleep(1)

    async def _lead(self, lost: asyncio.Future[None]) -> None:
        """Run the leader's tasks until one fails or leadership is lost; then stop all and free the buses."""
        field = Field(
            self.clock,
            settings=FieldSettings(
                timeout_s=self.settings.read_timeout_s, read_retries=self.settings.read_retries
            ),
            connect=self._connect,
        )
        tick_s = self.settings.tick_s
        dispatcher = Dispatcher(
            self.database, field, self.backbone, self.clock, HANDLERS, settle_from_readings, tick_s=tick_s
        )
        collector = Collector(self.database, field, self.clock, self._writer, tick_s=tick_s)
        work = [
            asyncio.create_task(dispatcher.run(), name="dispatcher"),
            asyncio.create_task(collector.run(), name="collector"),
            asyncio.create_task(
                NightlyVerification(self.database, self.clock).run(), name="nightly verification"
            ),
        ]
        try:
            # whichever ends first ends all: without the lock another process may already lead
            done, _ = await asyncio.wait([lost, *work], return_when=asyncio.FIRST_COMPLETED)
            for ended in done:
                ended.result()
        finally:
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)
            await field.close()
