"""Function 20H at 0200H: opening, refund, prices. All enabled fields are applied, or none."""

from typing import Any

import pytest

from prewatt_fixtures.wire import vendor
from prewatt_fixtures.wire.vendor import MoneyControl, VendorResult

UNOPENED = {"start": '{ energy = "88.40" }', "load": '{ kwh_per_day = "24.00" }'}
HOUR_S = 3600

OPENING = MoneyControl(
    on=True,
    remaining_fen=0,
    purchase_count=0,
    total_purchased_fen=0,
    base_centikwh=8840,
    alarms_fen=(3000, 1000),
    prices_e4=(12000, 9000, 6000, 3000),
    overdraft_fen=500,
)


def test_one_frame_opens_a_meter(master_of: Any) -> None:
    master = master_of(UNOPENED)
    assert master.command(OPENING) == vendor.VendorReply(0x0200, 30, VendorResult.DONE, 0)
    block = master.read_registers(0x0400, 25)
    assert block[0:2] == (1, 0)
    assert [block[at + 1] for at in (2, 4, 6, 8)] == [12000, 9000, 6000, 3000]
    assert [block[at + 1] for at in (10, 12, 14, 18, 20, 22)] == [3000, 1000, 500, 0, 0, 8840]
    assert master.read_registers(0x0055, 1)[0] >> 8 == 1
    assert master.top_up(5000, 1) is VendorResult.DONE
    master.clock.advance(HOUR_S)
    assert master.i32(0x021F) == 5000 - 30


def test_an_opened_meter_without_credit_opens_its_relay(master_of: Any) -> None:
    master = master_of(UNOPENED)
    master.command(MoneyControl(on=True, remaining_fen=0, overdraft_fen=0))
    assert not master.meter().relay_closed


def test_fields_that_are_not_enabled_keep_their_values(master_of: Any, opened: Any) -> None:
    master = master_of(opened)
    before = master.read_registers(0x0400, 25)
    assert master.command(MoneyControl(overdraft_fen=700)).result is VendorResult.DONE
    after = master.read_registers(0x0400, 25)
    assert [at for at in range(25) if before[at] != after[at]] == [0x0F]


def test_a_refund_sets_remaining_count_and_total_in_one_frame(master_of: Any, opened: Any) -> None:
    master = master_of(opened)
    reply = master.command(MoneyControl(remaining_fen=1125, purchase_count=7, total_purchased_fen=27_000))
    assert reply.remaining_fen == 1125
    assert (master.read_registers(0x0221, 1)[0], master.u32(0x0412), master.i32(0x021F)) == (7, 27_000, 1125)


def test_a_written_count_makes_no_repeat(master_of: Any, opened: Any) -> None:
    master = master_of(opened)
    master.top_up(5000, 7)
    master.command(MoneyControl(purchase_count=7))
    assert master.top_up(5000, 7) is VendorResult.WRONG_COUNT


@pytest.mark.parametrize(
    "wrong",
    [
        MoneyControl(remaining_fen=1, alarms_fen=(500, 500)),
        MoneyControl(remaining_fen=1, alarms_fen=(400, 500)),
        MoneyControl(remaining_fen=1, overdraft_fen=0xFFFF_FFFF),
    ],
)
def test_one_value_out_of_range_refuses_the_whole_frame(
    master_of: Any, opened: Any, wrong: MoneyControl
) -> None:
    master = master_of(opened)
    before = master.read_registers(0x0400, 25)
    assert master.command(wrong).result is VendorResult.OUT_OF_RANGE
    assert master.read_registers(0x0400, 25) == before


def test_a_meter_number_of_other_than_decimal_digits_is_refused(master_of: Any, opened: Any) -> None:
    master = master_of(opened)
    frame = bytearray(vendor.encode_request(MoneyControl(remaining_fen=1, meter_number="123456789012")))
    frame[-1] = 0xAB
    assert master.ask(bytes(frame)) == b"\xa0\x03"
    assert master.i32(0x021F) == 4125


def test_closing_keeps_the_relay_closed_and_refuses_top_ups(master_of: Any, opened: Any) -> None:
    master = master_of(opened)
    master.command(MoneyControl(on=False, remaining_fen=0))
    assert master.meter().relay_closed
    assert master.top_up(5000, 7) is VendorResult.NOT_OPENED


def test_a_raised_overdraft_closes_a_relay_that_money_opened(master_of: Any, opened: Any) -> None:
    master = master_of(opened)
    master.clock.advance(100 * HOUR_S)
    assert not master.meter().relay_closed
    master.command(MoneyControl(overdraft_fen=1000))
    assert master.meter().relay_closed
