"""Ids: UUIDv7, so that rows sort by creation time. Clock and random source are passed in."""

from random import Random, SystemRandom
from uuid import UUID

from prewatt_fixtures.clock import Clock


class IdMaker:
    """Makes UUIDv7 (RFC 9562 section 5.7); ids of one maker always rise, also when its clock goes back."""

    def __init__(self, clock: Clock, random: Random | None = None) -> None:
        self._clock = clock
        self._random = random or SystemRandom()
        self._last_ms = 0
        self._sequence = 0

    def __call__(self) -> UUID:
        """A new id. The 12 bits `rand_a` count the ids of one millisecond; when they overflow, the next millisecond is used."""
        now_ms = int(self._clock.time() * 1000)
        if now_ms > self._last_ms:
            self._last_ms, self._sequence = now_ms, 0
        else:
            self._sequence += 1
            if self._sequence > 0xFFF:
                self._last_ms, self._sequence = self._last_ms + 1, 0
        value = (
            self._last_ms << 80 | 0x7 << 76 | self._sequence << 64 | 0b10 << 62 | self._random.getrandbits(62)
        )
        return UUID(int=value)
