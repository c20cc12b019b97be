"""What the demo says at the end, for people and for programs: money as decimal strings, passwords only while of use."""

from datetime import UTC, datetime
from typing import Any

import pytest

from prewatt_fixtures.site import load_site
from prewatt_harness.bus_probe import ProbeReading
from prewatt_harness.demo_script import Refunded, Sold, Stated, Switched
from prewatt_harness.reading import ReadMeters
from prewatt_harness.stack import SignIn
from prewatt_harness.summary import Summary, yuan

READ = ReadMeters(({"number": "0000010101"},), ("0000010102",), datetime(2026, 3, 1, tzinfo=UTC))
SOLD = Sold(
    "0000010202",
    "APPLIED",
    "00000000001",
    ProbeReading(-7, 3, 7, 0, True),
    ProbeReading(4993, 4, 5007, 0, True),
)


def movement(kind: str, amount: str) -> dict[str, Any]:
    return {"kind": kind, "document": "00000000001", "amount": {"amount": amount}}


SUMMARY = Summary(
    site=load_site("tiny"),
    url="http://127.0.0.1:8000",
    sign_in=SignIn("demo", "secret words"),
    readings=READ,
    read_seconds=1.234,
    sold=SOLD,
    refunded=Refunded("APPLIED", "00000000002", ProbeReading(2993, 5, 3007, 0, True)),
    stated=Stated("0.07", [movement("SALE", "50.00"), movement("REFUND", "-20.00")], "30.07"),
    switched=Switched(True, True, "PREPAID", 0),
    seconds=9.87,
)


def test_for_programs() -> None:
    said = SUMMARY.as_json(staying=True)
    assert (said["meters"], said["read"], said["failed"], said["read_seconds"]) == (8, 1, 1, 1.23)
    assert said["sale"]["remaining_before"] == "-0.07"
    assert said["sale"]["remaining_after"] == "49.93"
    assert said["sale"]["total_purchased_after"] == "50.07"
    assert (said["refund"]["remaining_after"], said["refund"]["total_purchased_after"]) == ("29.93", "30.07")
    assert [each["amount"] for each in said["statement"]["movements"]] == ["50.00", "-20.00"]
    assert said["sign_in"] == {"name": "demo", "password": "secret words"}


def test_for_people() -> None:
    said = SUMMARY.as_text(staying=True)
    assert "1 of 8 meters read in 1.2 s" in said
    assert "not read: 0000010102" in said
    assert "purchases 3 -> 4, remaining -0.07 -> 49.93" in said
    assert "statement: 0.07 + 50.00 - 20.00 = 30.07 CNY" in said
    assert "prewatt tui --url http://127.0.0.1:8000 --name demo" in said
    assert "secret words" in said


def test_nobody_is_told_a_password_that_opens_nothing() -> None:
    assert "secret words" not in SUMMARY.as_text(staying=False)
    assert "secret words" not in str(SUMMARY.as_json(staying=False))


@pytest.mark.parametrize(("amount_fen", "said"), [(0, "0.00"), (5, "0.05"), (-123456, "-1234.56")])
def test_money_has_two_decimals(amount_fen: int, said: str) -> None:
    assert yuan(amount_fen) == said
