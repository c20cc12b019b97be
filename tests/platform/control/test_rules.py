"""When a command is tried again, by what stood in its way."""

from itertools import count, takewhile

import pytest

from prewatt_platform.control.rules import Obstacle, ask_again_after_s


def _waited_s(obstacle: Obstacle, until_s: int) -> list[int]:
    """The waits after each attempt, until so much time has passed."""
    passed = 0
    waits: list[int] = []
    for attempt in count(1):
        if passed >= until_s:
            return waits
        waits.append(ask_again_after_s(obstacle, attempt))
        passed += waits[-1]
    raise AssertionError


@pytest.mark.parametrize("obstacle", Obstacle)
def test_waits_grow_and_end_at_a_bound(obstacle: Obstacle) -> None:
    waits = [ask_again_after_s(obstacle, attempt) for attempt in range(1, 600)]
    assert waits == sorted(waits)
    assert waits[-1] <= 300


def test_a_meter_that_comes_back_within_an_hour_is_asked_within_5_s() -> None:
    assert max(_waited_s(Obstacle.METER, 3600)) == 5


def test_a_meter_that_comes_back_later_is_asked_within_five_minutes() -> None:
    assert max(_waited_s(Obstacle.METER, 10 * 86400)) == 300


def test_a_broken_link_is_asked_sooner_than_a_silent_meter() -> None:
    link, meter = (
        [ask_again_after_s(obstacle, attempt) for attempt in range(1, 600)]
        for obstacle in (Obstacle.LINK, Obstacle.METER)
    )
    assert all(a <= b for a, b in zip(link, meter, strict=True))
    assert sum(link[:10]) < sum(meter[:10])


def test_what_was_never_sent_starts_anew_every_five_seconds() -> None:
    attempts = list(takewhile(lambda n: n < 100, count(1)))
    assert max(ask_again_after_s(Obstacle.NOTHING_SENT, n) for n in attempts) == 5
