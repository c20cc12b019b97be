"""Events by LISTEN/NOTIFY: sent inside a transaction, delivered after its commit.

`notify` queues an event in a transaction; PostgreSQL delivers it to every listening process on commit and only then, so
a listener never sees a change that was rolled back. An event names its subject and carries no data: a listener reads
the rows through its own scope. Delivery is best effort (a broken connection loses events), so every listener also polls.
"""

import asyncio
import contextlib
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

import asyncpg
import structlog
from sqlalchemy import text

from prewatt_fixtures.virtual import time_held
from prewatt_platform.kernel.connections import connect
from prewatt_platform.kernel.tenancy import Work

Topic = Literal["command", "reading"]

ALL_PROJECTS = 0
"""Key under which the platform itself gets the events of every project; no project has this id."""

_CHANNEL = "prewatt"
_QUEUE_MAX = 1000
"""Events that a slow listener may be behind; bounds memory. It reads the newest state anyway."""
_NOTIFY = text("SELECT pg_notify(:channel, :payload)")
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Event:
    """Something about `subject` changed in a project: a command's id, or the id of a meter with a new reading."""

    project_id: int
    topic: Topic
    subject: UUID


async def notify(work: Work, topic: Topic, subject: UUID) -> None:
    """Deliver an event when this unit of work commits; a rollback discards it."""
    payload = json.dumps([work.project_id, topic, str(subject)])
    await work.session.execute(_NOTIFY, {"channel": _CHANNEL, "payload": payload})


class Backbone:
    """One listening connection, and a queue for each listener in this process."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: asyncpg.Connection[Any] | None = None
        self._queues: dict[tuple[int, Topic], set[asyncio.Queue[Event]]] = defaultdict(set)
        self._reconnecting: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen, and reconnect within about a second of a broken connection."""
        await self._listen()
        self._reconnecting = asyncio.create_task(self._reconnect())

    async def stop(self) -> None:
        """Stop listening; listeners get no more events."""
        if self._reconnecting is not None:
            self._reconnecting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reconnecting
        if self._connection is not None:
            with time_held():
                await self._connection.close()

    @asynccontextmanager
    async def listening(self, project_id: int, topic: Topic) -> AsyncIterator[asyncio.Queue[Event]]:
        """A queue of one project's events of one topic. A full queue drops its oldest event."""
        queue: asyncio.Queue[Event] = asyncio.Queue(_QUEUE_MAX)
        key = (project_id, topic)
        self._queues[key].add(queue)
        try:
            yield queue
        finally:
            self._queues[key].discard(queue)
            if not self._queues[key]:
                del self._queues[key]

    def _deliver(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        project_id, topic, subject = json.loads(str(payload))
        event = Event(project_id, topic, UUID(subject))
        for listened in ((project_id, topic), (ALL_PROJECTS, topic)):
            for queue in self._queues.get(listened, ()):
                if queue.full():
                    queue.get_nowait()
                queue.put_nowait(event)

    async def _listen(self) -> None:
        self._connection = await connect(self._url)
        with time_held():
            await self._connection.add_listener(_CHANNEL, self._deliver)

    async def _reconnect(self) -> None:
        while True:
            await asyncio.sleep(1)
            if self._connection is None or self._connection.is_closed():
                try:
                    await self._listen()
                except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as reason:
                    _log.warning("no connection for events; trying again", reason=str(reason))
