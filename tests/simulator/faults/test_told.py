"""The handbook tells of every fault, with a rule that can be used as it stands."""

import re
from pathlib import Path

import pytest

from prewatt_fixtures.site import load_site
from prewatt_simulator.farm import Farm
from prewatt_simulator.faults import FaultKind, fault_from_words

PAGE = Path(__file__).parents[3] / "docs" / "test-developers.md"
RULES = re.findall(r"^\|.*\| `(kind=[^`]+)` \|$", PAGE.read_text("utf-8"), re.MULTILINE)


def test_every_kind_has_its_row() -> None:
    assert sorted(fault_from_words(rule).kind for rule in RULES) == sorted(FaultKind)


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_can_be_put_in_force(rule: str) -> None:
    farm = Farm(load_site("tiny"), wire_timing=True)
    assert farm.faults.add(fault_from_words(rule)).fired == 0
