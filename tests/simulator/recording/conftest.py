"""Recordings made by hand, and a desk to ask a replay of one."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from prewatt_fixtures.clock import ManualClock
from prewatt_fixtures.endpoints import Framing
from prewatt_simulator.recording import Exchange, Recording, Replay

START = datetime(2026, 1, 5, tzinfo=UTC)

Row = tuple[float, int, str, str | None]


class ReplayDesk:
    """A replay on a clock moved by hand, and its first bus."""

    def __init__(self, replay: Replay, clock: ManualClock) -> None:
        self.replay = replay
        self.clock = clock
        self._start_s = clock.time()

    def ask(self, at_s: float, request: str, unit: int = 1) -> str | None:
        """The reply at a moment of the replay, in hexadecimal; "" when nobody is there."""
        self.clock.advance(self._start_s + at_s - self.clock.time())
        reply, _ = self.replay.bus("000001").exchange(unit, bytes.fromhex(request), self.clock.time())
        return None if reply is None else reply.hex()


@pytest.fixture(scope="session")
def replayed() -> Callable[..., ReplayDesk]:
    """Builds a replay of rows (seconds, unit, request, reply or None), all of gateway 000001, port 1."""

    def build(*rows: Row, framing: Framing = "rtu", **options: Any) -> ReplayDesk:
        exchanges = tuple(
            Exchange(
                round(at_s * 1e6),
                "000001",
                1,
                unit,
                bytes.fromhex(request),
                None if reply is None else bytes.fromhex(reply),
                None if reply is None else 50_000,
            )
            for at_s, unit, request, reply in rows
        )
        clock = ManualClock(START)
        recording = Recording(START, framing, (("000001", 1),), exchanges)
        return ReplayDesk(Replay(recording, clock=clock, **options), clock)

    return build
