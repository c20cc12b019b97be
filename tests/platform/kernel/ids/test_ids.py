"""Ids are UUIDv7: unique, rising, and containing their creation time."""

import random
from datetime import UTC, datetime
from uuid import RFC_4122

from hypothesis import given
from hypothesis import strategies as st

from prewatt_fixtures.clock import ManualClock
from prewatt_platform.kernel.ids import IdMaker

START = datetime(2026, 1, 1, tzinfo=UTC)


class Wandering(ManualClock):
    """A clock that somebody sets, back as well as on."""

    def jump(self, seconds: float) -> None:
        self._now_s += seconds


@given(st.lists(st.sampled_from([0.0, 0.0, 0.0004, 0.001, 0.5, 3600.0, -0.001, -3600.0]), max_size=60))
def test_ids_rise_and_never_repeat_whatever_the_clock_does(jumps: list[float]) -> None:
    clock = Wandering(START)
    new_id = IdMaker(clock, random.Random(1))
    made = [new_id()]
    for jump in jumps:
        clock.jump(jump)
        made.append(new_id())
    assert made == sorted(set(made))
    assert {(identity.version, identity.variant) for identity in made} == {(7, RFC_4122)}


def test_more_ids_in_a_millisecond_than_the_sequence_counts_still_rise() -> None:
    new_id = IdMaker(ManualClock(START), random.Random(1))
    made = [new_id() for _ in range(3 * 0x1000)]
    assert made == sorted(set(made))


@given(st.datetimes(datetime(2000, 1, 2), datetime(2099, 12, 30)))
def test_an_id_contains_the_millisecond_of_its_creation(at: datetime) -> None:
    clock = ManualClock(at.replace(tzinfo=UTC))
    assert IdMaker(clock)().int >> 80 == int(clock.time() * 1000)


def test_two_makers_at_one_instant_differ_in_random_bits() -> None:
    clock = ManualClock(START)
    assert IdMaker(clock, random.Random(1))() == IdMaker(clock, random.Random(1))()
    assert IdMaker(clock)() != IdMaker(clock)()
