"""Events by LISTEN/NOTIFY: sent inside a transaction, delivered after its commit.

A transaction says `notify(work, topic, subject)`; PostgreSQL delivers on commit and only then, to every process that
listens, so a listener never sees a change that did not happen. An event names its subject and carries nothing else:
whoever hears it reads through the scope it is allowed. Delivery is best effort (a broken connection loses events), so
every listener can also ask.
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
"""Listened to by the platform itself: the events of every project."""

_CHANNEL = "prewatt"
_QUEUE_MAX = 1000
_NOTIFY = text("SELECT pg_notify(:channel, :payload)")
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Event:
    """Something about `subject` changed in a project: a command's id, or the id of a meter with a new reading."""

    project_id: int
    topic: Topic
    subject: UUID


async def notify(work: Work, topic: Topic, subject: UUID) -> None:
    """Tell of a change when this unit of work commits."""
    payload = json.dumps([work.project_id, topic, str(subject)])
    await work.session.execute(_NOTIFY, {"channel": _CHANNEL, "payload": payload})


class Backbone:
    """One listening connection, and the queues of those who wait in this process."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: asyncpg.Connection[Any] | None = None
        self._queues: dict[tuple[int, Topic], set[asyncio.Queue[Event]]] = defaultdict(set)
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to listen, and keep listening over broken connections."""
        await self._listen()
        self._keeper = asyncio.create_task(self._keep_listening())

    async def stop(self) -> None:
        """Stop listening; those who still wait hear nothing more."""
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
        if self._connection is not None:
            with time_held():
                await self._connection.close()

    @asynccontextmanager
    async def listening(self, project_id: int, topic: Topic) -> AsyncIterator[asyncio.Queue[Event]]:
        """A queue of one project's events of one topic; a slow reader loses the oldest, never the newest."""
        queue: asyncio.Queue[Event] = asyncio.Queue(_QUEUE_MAX)
        key = (project_id, topic)
        self._queues[key].add(queue)
        try:
            yield queue
        finally:
            self._queues[key].discard(queue)
            if not self._queues[key]:
                del self._queues[key]

    def _hear(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
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
            await self._connection.add_listener(_CHANNEL, self._hear)

    async def _keep_listening(self) -> None:
        while True:
            await asyncio.sleep(1)
            if self._connection is None or self._connection.is_closed():
                try:
                    await self._listen()
                except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as reason:
                    _log.warning("events are not heard", reason=str(reason))
