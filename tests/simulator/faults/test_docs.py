"""docs/test-developers.md has a row with a valid rule for every kind of fault."""

import re
from importlib import resources
from pathlib import Path

import pytest

from prewatt_fixtures.site import parse_site
from prewatt_simulator.farm import Farm
from prewatt_simulator.faults import FaultKind, fault_from_words

PAGE = Path(__file__).parents[3] / "docs" / "test-developers.md"
TINY = Path(str(resources.files("prewatt_fixtures"))) / "sites" / "tiny.toml"
GATEWAY_2 = 'number = "000002"'
RULES = re.findall(r"^\|.*\| `(kind=[^`]+)` \|$", PAGE.read_text("utf-8"), re.MULTILINE)


def test_every_kind_has_its_row() -> None:
    assert sorted(fault_from_words(rule).kind for rule in RULES) == sorted(FaultKind)


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_can_be_put_in_force(rule: str) -> None:
    calls = GATEWAY_2 + '\nkind = "manager"\ndial = { host = "127.0.0.1", tcp = 7000 }'
    site = parse_site(
        TINY.read_text("utf-8").replace(GATEWAY_2, calls), "tiny, with a gateway that dials out"
    )
    farm = Farm(site, wire_timing=True)
    assert farm.faults.add(fault_from_words(rule)).fired == 0
