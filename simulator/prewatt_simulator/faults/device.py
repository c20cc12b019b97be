"""Effects of faults on a meter: power cuts, forced relays, card top-ups, clock errors.

Each effect settles the meter first (`Meter.touch`), so that the time before it counts under the old state.
"""

import copy
from dataclasses import fields

from prewatt_fixtures.wire import vendor
from prewatt_fixtures.wire.pdu import READ_HOLDING, WRITE_MULTIPLE, write_multiple
from prewatt_fixtures.wire.vendor import MoneyControl, TopUp
from prewatt_simulator.devices.attached import Device
from prewatt_simulator.devices.device import NO_SETTINGS, Meter
from prewatt_simulator.devices.energy.meter import EnergyMeter
from prewatt_simulator.devices.prepaid.load_control import NO_TRIPS
from prewatt_simulator.devices.prepaid.meter import PrepaidMeter
from prewatt_simulator.faults.rule import Fault, FaultKind
from prewatt_simulator.units import FINE_PER_FEN

_DATA_AT = 2
"""Offset of the registers in a reply to function 03H."""
_WRITE_DATA_AT = 6
"""Offset of the registers in a request of function 10H."""


def apply(meter: Device, fault: Fault, now_s: float) -> None:
    """Apply a fault of `METER_CHANGE_KINDS` to an energy meter."""
    assert isinstance(meter, EnergyMeter)
    meter.touch(now_s)
    match fault.kind:
        case FaultKind.JUMP_CLOCK:
            meter.shift_clock(round((fault.jump_s or 0) * 1000))
        case FaultKind.DRIFT_CLOCK:
            meter.drift_clock(fault.drift_ppm or 0)
        case FaultKind.NEAR_ROLLOVER:
            meter.raise_energy(fault.counts_left or 0)
        case _:
            assert isinstance(meter, PrepaidMeter)
            _apply_to_money(meter, fault)
    meter.touch(now_s)


def revert(meter: Device, fault: Fault, now_s: float) -> None:
    """End the lasting effect of a fault; only `drift-clock` and `weld-relay` have one."""
    if fault.kind == FaultKind.DRIFT_CLOCK and isinstance(meter, EnergyMeter):
        meter.touch(now_s)
        meter.drift_clock(0)
    if fault.kind == FaultKind.WELD_RELAY and isinstance(meter, PrepaidMeter):
        meter.touch(now_s)
        meter.welded_closed = None


def _apply_to_money(meter: PrepaidMeter, fault: Fault) -> None:
    match fault.kind:
        case FaultKind.WELD_RELAY:
            meter.welded_closed = fault.relay == "closed"
        case FaultKind.SWITCH_RELAY:
            meter.force(True, int(fault.relay == "open"))
        case FaultKind.SET_PURCHASE_COUNT:
            meter.purchase_count = fault.purchase_count or 0
            meter.last_top_up_fen = None
        case FaultKind.FOREIGN_TOP_UP:
            amount_fen = fault.amount_fen or 0
            meter.remaining_fine += amount_fen * FINE_PER_FEN
            meter.total_purchased_fen += amount_fen
            meter.purchase_count = (meter.purchase_count + 1) & 0xFFFF
            meter.last_top_up_fen = amount_fen
            meter.rearm()
        case FaultKind.REPLACE_METER:
            _replace(meter)


def _replace(meter: PrepaidMeter) -> None:
    meter.rates_mwh = [0] * len(meter.rates_mwh)
    meter.money_on = False
    meter.remaining_fine = 0
    meter.purchase_count = 0
    meter.total_purchased_fen = 0
    meter.last_top_up_fen = None
    meter.base_counts = 0
    meter.trips = NO_TRIPS
    meter.step_used_mwh = 0
    meter.reminded = True
    meter.forced_mode, meter.forced_state = 0, 0
    meter.settings = NO_SETTINGS
    meter.shift_clock(-meter.clock.adjusted_ms)
    meter.segment.on_port_set()  # without settings the address and speed are those of the site again


def lose_power(meter: Device, back_s: float) -> None:
    """Record in the meter's event register that power returned at `back_s`, Unix seconds of the farm."""
    if isinstance(meter, EnergyMeter):
        meter.power_on(int(back_s * 1000))


def tear_write(meter: Device, request: bytes, applied: int, now_s: float) -> None:
    """Execute `applied` of the values that `request` writes: the first ones, or the last ones when negative."""
    command = _command(request)
    if isinstance(command, TopUp) and isinstance(meter, PrepaidMeter):
        _tear_top_up(meter, request, applied, now_s)
    elif isinstance(command, MoneyControl):
        meter.receive(vendor.encode_request(_part(command, applied)), now_s)
    elif request[0] == WRITE_MULTIPLE:
        part = _part_of_write(meter, request, applied)
        if part is not None:
            meter.receive(part, now_s)


def torn_read(meter: Device, request: bytes, register: int | None, now_s: float) -> bytes:
    """Reply to a read that straddles a refresh: registers up to `register` are of the measuring period before.

    `register` None: only the first register is old.
    """
    # a read at the time to which the meter is settled advances nothing, so it shows the registers before the refresh
    before = meter.receive(request, meter.settled_ms / 1000)
    after = meter.receive(request, now_s)
    if after[0] != READ_HOLDING or len(before) != len(after):
        return after
    first = 0 if register is None else register - int.from_bytes(request[1:3], "big")
    cut = _DATA_AT + 2 * (first + 1)
    return before[:cut] + after[cut:]


def _command(request: bytes) -> vendor.Command | None:
    try:
        return vendor.decode_request(request)
    except (vendor.MalformedVendorFrame, vendor.UnknownVendorAddress):
        return None


def _tear_top_up(meter: PrepaidMeter, request: bytes, applied: int, now_s: float) -> None:
    """Apply only the amount, or only the purchase count, of a top-up; they are its first and second value."""
    meter.touch(now_s)
    money = (meter.remaining_fine, meter.total_purchased_fen)
    count = (meter.purchase_count, meter.last_top_up_fen)
    meter.receive(request, now_s)
    amount_kept, count_kept = _mask(2, applied)
    if not amount_kept:
        meter.remaining_fine, meter.total_purchased_fen = money
    if not count_kept:
        meter.purchase_count, meter.last_top_up_fen = count
    meter.touch(now_s)


def _mask(values: int, applied: int) -> list[bool]:
    """For each of `values` written values, whether it is applied."""
    if applied > 0:
        return [index < applied for index in range(values)]
    return [index >= values + applied for index in range(values)]


def _part(command: MoneyControl, applied: int) -> MoneyControl:
    names = [field.name for field in fields(command) if getattr(command, field.name) is not None]
    kept = [name for name, keep in zip(names, _mask(len(names), applied), strict=True) if keep]
    return MoneyControl(**{name: getattr(command, name) for name in kept})


def _part_of_write(meter: Device, request: bytes, applied: int) -> bytes | None:
    """The write that covers `applied` whole rows; None when the meter would refuse the request."""
    start, data = int.from_bytes(request[1:3], "big"), request[_WRITE_DATA_AT:]
    rows = meter.rows_written(start, len(data) // 2)
    if rows is None:
        return None
    kept = [row for row, keep in zip(rows, _mask(len(rows), applied), strict=True) if keep]
    if not kept:
        return None
    first, end = kept[0].address - start, kept[-1].end - start
    return write_multiple(kept[0].address, data[2 * first : 2 * end])


def picture_of(meter: Device, now_s: float) -> Device:
    """A copy of the meter as it stands now, which answers the same for ever when it is asked at `now_s`."""
    assert isinstance(meter, Meter), "the rule was checked when it was added"
    meter.touch(now_s)
    picture = meter.copy()
    # the copy is shallow, and a clock changes in place: without its own, a set of the real clock would show here
    if isinstance(picture, EnergyMeter):
        picture.clock = copy.copy(picture.clock)
    return picture
