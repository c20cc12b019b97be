"""Which devices a frame reaches: the one at its address, or every device on a broadcast."""

from typing import Any

import pytest

from prewatt_fixtures.site import SitePort
from prewatt_fixtures.wire import vendor
from prewatt_fixtures.wire.pdu import read_holding, write_multiple
from prewatt_simulator.line.bus import NO_DEVICE, Pace

TOP_UP = vendor.encode_request(vendor.TopUp(100, 7))


def test_an_address_without_device_gets_no_reply(master_of: Any, opened: Any) -> None:
    master = master_of(opened)
    assert master.ask(read_holding(0, 2), unit=2) is NO_DEVICE
    assert [entry.verdict for entry in master.farm.journal] == ["absent"]


def test_two_buses_are_independent(master_of: Any, opened: Any) -> None:
    master = master_of(opened, second_bus=({"model": '"DTSD1352-C"', "start": '{ energy = "7.00" }'},))
    reply, _ = master.farm.bus("001001", 2).exchange(1, read_holding(0, 2), master.clock.time())
    assert reply == b"\x03\x04\0\0\x02\xbc"


def test_a_broadcast_write_is_applied_by_all_devices_without_a_reply(master_of: Any, opened: Any) -> None:
    master = master_of(opened, opened, {"model": '"DTSD1352-C"'})
    assert master.ask(write_multiple(0x0057, b"\0\1\0\1"), unit=0) is None
    assert master.ask(TOP_UP, unit=0) is None
    for unit in (1, 2):
        assert master.read_registers(0x0057, 2, unit) == (1, 1)
        assert master.meter(unit).purchase_count == 7
    assert [entry.verdict for entry in master.farm.journal][:2] == ["broadcast", "broadcast"]


@pytest.mark.parametrize(
    ("baud", "parity", "character_s"),
    [(9600, "N", 10 / 9600), (9600, "E", 11 / 9600), (1200, "O", 11 / 1200)],
)
def test_request_and_reply_times_follow_baud_and_parity(baud: Any, parity: Any, character_s: float) -> None:
    pace = Pace(SitePort(port=1, baud=baud, parity=parity), "seed")
    assert pace.request_s(bytes(5)) == pytest.approx((8 + 3.5) * character_s)
    for _ in range(100):
        turnaround_s = pace.reply_s(bytes(82)) - 85 * character_s
        assert 0.020 <= turnaround_s <= 0.080


def test_turnaround_times_come_from_the_seed() -> None:
    def turnarounds(seed: str) -> list[float]:
        pace = Pace(SitePort(port=1), seed)
        return [pace.reply_s(b"") for _ in range(5)]

    assert turnarounds("a") == turnarounds("a") != turnarounds("b")
