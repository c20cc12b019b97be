"""A confirmation names the meter, the action in words, and what changes from what to what."""

from decimal import Decimal
from uuid import UUID

import pytest

from prewatt_tui.confirmations import Change, confirmation
from prewatt_tui.models.meter import ControlMode, MeterDetail
from prewatt_tui.models.order import Order
from prewatt_tui.requests import OpenAccount, Refund, Resolve, Reverse, Sell, SetControlMode

KEY = UUID(int=7)


def test_a_sale_shows_the_amount_twice_and_the_count_that_follows(detail: MeterDetail) -> None:
    asked = confirmation(detail, Sell(key=KEY, meter_number=detail.number, amount=Decimal("50.00")))
    assert (asked.meter_number, asked.place) == (detail.number, detail.place)
    assert asked.action == "Sell 50.00 yuan to 张三"
    assert asked.button == "Sell 50.00"
    assert asked.changes == (
        Change("remaining", "41.25 yuan", "about 91.25 yuan"),
        Change("purchase count", "6", "7"),
    )
    assert asked.to_type == "0101"


@pytest.mark.parametrize(
    ("mode", "relay"), [("FORCED_OFF", "open"), ("KEEP_SUPPLY", "closed"), ("PREPAID", "as the credit says")]
)
def test_a_control_mode_shows_what_becomes_of_the_relay(detail: MeterDetail, mode: str, relay: str) -> None:
    asked = confirmation(detail, SetControlMode(key=KEY, meter_number=detail.number, mode=ControlMode(mode)))
    assert asked.changes[0].before == "prepaid"
    assert asked.changes[1] == Change("relay", "closed", relay)
    assert asked.warning


def test_an_account_opening_says_that_the_meter_starts_again_at_nothing(detail: MeterDetail) -> None:
    asked = confirmation(detail, OpenAccount(key=KEY, meter_number=detail.number, customer="李四"))
    assert Change("remaining", "41.25 yuan", "0.00 yuan") in asked.changes
    assert Change("purchase count", "6", "0") in asked.changes


def order(state: str) -> Order:
    return Order.of(
        {
            "receiptNumber": "00000000007",
            "commandId": "Q29tbWFuZA==",
            "kind": "SALE",
            "state": state,
            "amount": {"amount": "20.00", "currency": "CNY"},
            "operatorName": "anna",
            "createdAt": "2026-11-20T02:00:00+00:00",
        }
    )


def test_what_is_taken_back_uses_up_a_count_too(detail: MeterDetail) -> None:
    taken = (Change("remaining", "41.25 yuan", "about 21.25 yuan"), Change("purchase count", "6", "7"))
    refund = Refund(key=KEY, meter_number=detail.number, amount=Decimal(20), reason="moves out")
    asked = confirmation(detail, refund)
    assert (asked.action, asked.changes) == ("Refund 20.00 yuan: moves out", taken)
    reverse = Reverse(key=KEY, meter_number=detail.number, order=order("APPLIED"), reason="mistyped")
    asked = confirmation(detail, reverse)
    assert (asked.action, asked.changes) == (
        "Reverse sale 00000000007 of 20.00 yuan: mistyped",
        taken,
    )


@pytest.mark.parametrize(("delivered", "after"), [(True, "done"), (False, "voided")])
def test_a_decision_says_how_the_order_ends(detail: MeterDetail, delivered: bool, after: str) -> None:
    decided = Resolve(
        key=KEY, meter_number=detail.number, order=order("DISPUTED"), reason="seen", delivered=delivered
    )
    assert confirmation(detail, decided).changes == (Change("order", "DISPUTED", after),)
    assert decided.input() == {
        "idempotencyKey": str(KEY),
        "order": "Q29tbWFuZA==",
        "delivered": delivered,
        "reason": "seen",
    }


def test_the_amount_goes_out_in_plain_notation() -> None:
    assert Sell(key=KEY, meter_number="1", amount=Decimal("1E+2")).input()["amount"] == "100.00"
