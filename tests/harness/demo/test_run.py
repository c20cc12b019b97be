"""One command reads a site, sells, refunds, switches, and says what came of it; the meter's own registers bear it out."""

import json
import re
from typing import Any

import pytest

from prewatt_fixtures.site import load_site

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(("site", "meters"), [("tiny", 8), ("mingde", 262)])
async def test_once_ends_with_a_summary_that_was_seen_on_the_meter(
    run_demo: Any, footprint: Any, site: str, meters: int
) -> None:
    ended = await run_demo("--site", site, "--once", "--json")
    assert (ended.exit_code, ended.err) == (0, "")
    said = json.loads(ended.out)  # one object, and nothing else

    assert (said["meters"], said["read"], said["failed"]) == (meters, meters, 0)
    assert said["read_seconds"] > 0
    sale = said["sale"]
    assert sale["state"] == "APPLIED"
    assert sale["amount"] == "50.00"
    assert sale["purchase_count_after"] == sale["purchase_count_before"] + 1
    assert (sale["remaining_before"], sale["total_purchased_before"]) == ("0.00", "0.00")
    assert sale["total_purchased_after"] == "50.00"
    assert float(sale["remaining_after"]) == pytest.approx(50, abs=0.1)  # it uses energy meanwhile
    refund = said["refund"]
    assert (refund["state"], refund["amount"]) == ("APPLIED", "20.00")
    assert refund["purchase_count_after"] == sale["purchase_count_after"] + 1
    assert refund["total_purchased_after"] == "30.00"
    assert said["statement"] == {
        "opening": "0.00",
        "movements": [
            {"kind": "SALE", "receipt": sale["receipt"], "amount": "50.00"},
            {"kind": "REFUND", "receipt": refund["receipt"], "amount": "-20.00"},
        ],
        "closing": "30.00",
    }
    assert said["relay"] == {"opened": True, "closed": True, "control_mode": "PREPAID", "forced_mode": 0}
    assert "sign_in" not in said  # nobody can sign in any more

    chosen = next(meter for meter in load_site(site).meters if meter.number == sale["meter"])
    assert chosen.prepaid
    assert not chosen.meter_opened
    await footprint.gone()


async def test_people_are_told_step_by_step_and_where_to_look(run_demo: Any) -> None:
    ended = await run_demo("--site", "tiny", "--once", "--port", "0")
    assert ended.exit_code == 0
    assert "8 of 8 meters read" in ended.out
    assert re.search(r"remaining 0\.00 -> (50\.00|49\.9)", ended.out)  # it uses energy meanwhile
    assert "statement: 0.00 + 50.00 - 20.00 = 30.00 CNY" in ended.out
    assert "password" not in ended.out
    steps = [line.split("s  ", 1)[1] for line in ended.err.splitlines()]
    assert steps[0] == "starting the database"
    assert any(step.startswith("selling 50.00 to meter ") for step in steps)


async def test_a_folder_is_gone_on_from(run_demo: Any, footprint: Any, tmp_path: Any) -> None:
    folder = tmp_path / "kept"
    first = json.loads((await run_demo("--site", "tiny", "--once", "--json", "--data", str(folder))).out)
    await footprint.gone()
    second = json.loads((await run_demo("--site", "tiny", "--once", "--json", "--data", str(folder))).out)
    assert second["sale"]["meter"] == first["sale"]["meter"]
    assert second["sale"]["purchase_count_before"] == first["refund"]["purchase_count_after"]
    assert second["sale"]["total_purchased_after"] == "80.00"
    assert (second["read"], second["failed"]) == (8, 0)
    assert second["sale"]["receipt"] != first["sale"]["receipt"]
