"""Vendor function 20H on a prepaid meter: top-up, money control, clock. Controllers: `control_commands`.

Every command is applied whole or not at all, and answered with a result code and the remaining credit. The profile says
which purchase counts a top-up may carry. The layout of the reply is ASSUMED (`prewatt_fixtures.wire.vendor`).
"""

from prewatt_fixtures.measurements import Measurement
from prewatt_fixtures.profile import CounterRule
from prewatt_fixtures.wire import vendor
from prewatt_fixtures.wire.pdu import VENDOR, ExceptionCode, exception
from prewatt_fixtures.wire.vendor import MoneyControl, SetClock, TopUp, VendorResult
from prewatt_simulator.devices.prepaid.meter import PrepaidMeter
from prewatt_simulator.devices.registers.control_commands import control
from prewatt_simulator.units import FINE_PER_FEN

_CREDIT_FEN_MAX = 0x7FFF_FFFF
"""Range of the remaining-credit register, i32."""
_TOTAL_FEN_MAX = 0xFFFF_FFFF
"""Range of the total-purchased register, u32."""


def execute(meter: PrepaidMeter, pdu: bytes, now_s: float) -> bytes:
    """Execute a request of function 20H and return the reply PDU."""
    try:
        command = vendor.decode_request(pdu)
    except vendor.UnknownVendorAddress:
        return exception(VENDOR, ExceptionCode.ILLEGAL_ADDRESS)
    except vendor.MalformedVendorFrame:
        return exception(VENDOR, ExceptionCode.ILLEGAL_VALUE)
    meter.touch(now_s)
    match command:
        case TopUp():
            result = _top_up(meter, command)
        case MoneyControl():
            result = _money_control(meter, command)
        case SetClock():
            meter.set_clock(command.at)
            result = VendorResult.DONE
        case _:
            result = control(meter, command)
    return vendor.encode_reply(pdu, result, meter.remaining_fen)


def _top_up(meter: PrepaidMeter, top_up: TopUp) -> VendorResult:
    if not meter.money_on:
        return VendorResult.NOT_OPENED
    # A repeat comes before the count check: its count is the current one and would be refused as wrong.
    if _is_repeat(meter, top_up):
        return VendorResult.DONE
    if not _count_fits(meter.counter_rule, top_up.purchase_count, meter.purchase_count):
        return VendorResult.WRONG_COUNT
    credit_fine = meter.remaining_fine + top_up.amount_fen * FINE_PER_FEN
    # Amount 0 only moves the purchase count: a platform cancels an order with it, so no credit limit may refuse it.
    limit_fen = meter.hoarding_limit_fen
    if limit_fen and top_up.amount_fen and credit_fine > limit_fen * FINE_PER_FEN:
        return VendorResult.OVER_HOARDING_LIMIT
    total_fen = meter.total_purchased_fen + top_up.amount_fen
    if credit_fine > _CREDIT_FEN_MAX * FINE_PER_FEN or total_fen > _TOTAL_FEN_MAX:
        return VendorResult.OUT_OF_RANGE
    meter.remaining_fine = credit_fine
    meter.total_purchased_fen = total_fen
    meter.purchase_count = top_up.purchase_count
    meter.last_top_up_fen = top_up.amount_fen
    meter.rearm()
    return VendorResult.DONE


def _is_repeat(meter: PrepaidMeter, top_up: TopUp) -> bool:
    """Whether the top-up applied last had the same count and amount; never on a meter that checks no counts."""
    last = (meter.purchase_count, meter.last_top_up_fen)
    return meter.counter_rule is not CounterRule.UNCHECKED and last == (
        top_up.purchase_count,
        top_up.amount_fen,
    )


def _count_fits(rule: CounterRule, count: int, last: int) -> bool:
    match rule:
        case CounterRule.NEXT:
            return count == last + 1
        case CounterRule.GREATER:
            return count > last
        case CounterRule.DIFFERENT:
            return count != last
        case CounterRule.UNCHECKED:
            return True


def _money_control(meter: PrepaidMeter, control: MoneyControl) -> VendorResult:
    if not _in_range(control):
        return VendorResult.OUT_OF_RANGE
    reminded_before = meter.reminds
    for name, value in (
        ("money_on", control.on),
        ("total_purchased_fen", control.total_purchased_fen),
        ("alarms_fen", control.alarms_fen),
        ("prices_e4", control.prices_e4),
        ("overdraft_fen", control.overdraft_fen),
        ("base_counts", control.base_centikwh),
        ("option", control.option),
    ):
        if value is not None:
            setattr(meter, name, value)
    if control.remaining_fen is not None:
        meter.remaining_fine = control.remaining_fen * FINE_PER_FEN
    if control.purchase_count is not None:
        meter.purchase_count = control.purchase_count
        meter.last_top_up_fen = None
    # Switching the reminder on while credit is below alarm 2 must not open the relay: the fall has happened already.
    if not reminded_before:
        meter.reminded = True
    meter.rearm()
    if control.meter_number is not None:
        meter.set(Measurement.METER_NUMBER, control.meter_number)
    return VendorResult.DONE


def _in_range(control: MoneyControl) -> bool:
    if control.alarms_fen is not None and control.alarms_fen[0] <= control.alarms_fen[1]:
        return False
    return control.overdraft_fen is None or control.overdraft_fen <= _CREDIT_FEN_MAX
