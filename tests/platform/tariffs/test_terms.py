"""Terms of a plan: what no plan can have is refused with its key, and the database gives back what was kept."""

from typing import Any

import pytest

from prewatt_platform.tariffs.errors import PlanRefused
from prewatt_platform.tariffs.terms import Medium, Season, StepPeriod, Terms, terms, with_surcharges

GOOD: dict[str, Any] = {
    "medium": Medium.ELECTRICITY,
    "prices_e4": [[9_000, 5_000], [9_500, 5_500]],
    "limits": [20_000],
    "period": StepPeriod.YEAR,
    "profiles": [[(0, 2), (480, 1), (1320, 2)], [(0, 2)]],
    "seasons": [Season(2, 29, 1, 2, 2), Season(11, 1, 1, 1, 1)],
}


def test_kept_and_given_back() -> None:
    made = terms(**GOOD)
    assert Terms.from_json(made.as_json()) == made


@pytest.mark.parametrize(
    ("changed", "key", "expected"),
    [
        ({"prices_e4": []}, "prices", "1 to 6 steps, not 0"),
        ({"prices_e4": [[1] * 6, [1] * 6]}, "prices", "1 to 5 rates of electricity, not 6"),
        ({"medium": Medium.WATER}, "prices", "1 to 1 rates of water, not 2"),
        ({"prices_e4": [[1, 2], [1]]}, "prices", "2 prices in step 2 as in step 1, not 1"),
        ({"prices_e4": [[1, -1], [1, 1]]}, "prices", "prices from 0 to 9999.9999 in step 1"),
        ({"limits": []}, "stepLimits", "a limit for each step but the last: 1, not 0"),
        ({"limits": [0]}, "stepLimits", "limits above 0"),
        ({"prices_e4": [[1, 1]] * 3, "limits": [500, 400]}, "stepLimits", "limits that rise"),
        ({"profiles": [[(0, 2), (480, 1), (400, 2)], [(0, 2)]]}, "dayProfiles", "profile 1: slots rise"),
        ({"profiles": [[(60, 2)], [(0, 2)]]}, "dayProfiles", "profile 1: slots rise from 00:00"),
        ({"profiles": [[(0, 2)], [(0, 2), (60, 2)]]}, "dayProfiles", "profile 2: slots that follow"),
        ({"profiles": [[(0, 3)], [(0, 2)]]}, "dayProfiles", "profile 1: rates from 1 to 2"),
        ({"profiles": [[(n, 1 + n % 2) for n in range(15)]] * 2}, "dayProfiles", "has 1 to 14 slots, not 15"),
        ({"profiles": []}, "dayProfiles", "1 to 8 day profiles, not 0"),
        ({"seasons": []}, "seasons", "1 to 4 seasons, not 0"),
        ({"seasons": [Season(2, 30, 1, 1, 1)]}, "seasons", "each from a date of the year"),
        ({"seasons": [Season(5, 1, 1, 1, 1), Season(4, 1, 1, 1, 1)]}, "seasons", "dates that rise"),
        ({"seasons": [Season(5, 1, 1, 3, 1)]}, "seasons", "day profiles from 1 to 2"),
    ],
)
def test_refused_with_its_key(changed: dict[str, Any], key: str, expected: str) -> None:
    with pytest.raises(PlanRefused, match=expected) as refused:
        terms(**GOOD | changed)
    assert refused.value.key == key


def test_surcharges_are_added_to_every_rate() -> None:
    assert with_surcharges([9_000, 5_000], [500, 3_000]) == [[9_000, 5_000], [9_500, 5_500], [12_000, 8_000]]
