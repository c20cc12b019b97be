"""Hand-made recordings, and a bus master that sends requests to a replay."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from prewatt_fixtures.clock import ManualClock
from prewatt_fixtures.endpoints import Framing
from prewatt_simulator.recording import Exchange, Recording, Replay

START = datetime(2026, 1, 5, tzinfo=UTC)

Row = tuple[float, int, str, str | None]


class ReplayMaster:
    """A replay on a manual clock, and requests on its bus."""

    def __init__(self, replay: Replay, clock: ManualClock) -> None:
        self.replay = replay
        self.clock = clock
        self._start_s = clock.time()

    def ask(self, at_s: float, request: str, unit: int = 1) -> str | None:
        """Reply PDU at a time of the replay, in hexadecimal; "" for an absent unit."""
        self.clock.advance(self._start_s + at_s - self.clock.time())
        reply, _ = self.replay.bus("000001").exchange(unit, bytes.fromhex(request), self.clock.time())
        return None if reply is None else reply.hex()


@pytest.fixture(scope="session")
def replayed() -> Callable[..., ReplayMaster]:
    """Builds a replay of rows (seconds, unit, request, reply or None), all of gateway 000001, port 1."""

    def build(*rows: Row, framing: Framing = "rtu", **options: Any) -> ReplayMaster:
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
        return ReplayMaster(Replay(recording, clock=clock, **options), clock)

    return build
