"""Written addresses, speeds and parities take effect, survive a restart, and can make devices collide or fall silent."""

from typing import Any

import pytest

from prewatt_fixtures.site import SitePort
from prewatt_fixtures.wire import mbap, rtu
from prewatt_fixtures.wire.pdu import read_holding, write_multiple
from prewatt_simulator.journal.journal import Verdict
from prewatt_simulator.line.bus import Pace, overlapped

ADW300 = {"model": '"ADW300/CLR"', "start": '{ energy = "11.00" }'}
DTSD1352 = {"model": '"DTSD1352-C"', "start": '{ energy = "22.00" }'}
DDSY1352 = {"start": '{ energy = "33.00" }'}

READDRESSED = [
    (ADW300, 0x0000, (9,), "1000000001"),
    (ADW300, 0x0000, (9, 4), "1000000002"),
    (DTSD1352, 0x003F, (0x0903,), "10003f0001"),
    (DDSY1352, 0x0360, (0x0903, 0), "1003600002"),
]


def last(master: Any) -> Any:
    return list(master.farm.journal)[-1]


@pytest.mark.parametrize(("keys", "address", "words", "reply"), READDRESSED)
def test_a_meter_acknowledges_at_its_old_address_and_answers_at_the_new(
    master_of: Any, keys: dict[str, str], address: int, words: tuple[int, ...], reply: str
) -> None:
    master = master_of(keys)
    assert master.write(address, *words) == bytes.fromhex(reply)
    assert master.read_registers(address, len(words), unit=9) == words
    assert master.ask(read_holding(0, 1), unit=1) == b""
    assert last(master).verdict is Verdict.ABSENT


def test_journal_entries_keep_the_meter_number_of_their_time(master_of: Any) -> None:
    master = master_of(ADW300, DTSD1352)
    master.read_registers(0, 1, unit=2)
    master.write(0x003F, 0x0903, unit=2)
    master.write(0x0000, 2, unit=1)
    master.read_registers(0, 1, unit=2)
    assert [(entry.unit, entry.meter) for entry in master.farm.journal] == [
        (2, "0010010102"),
        (2, "0010010102"),
        (1, "0010010101"),
        (2, "0010010101"),
    ]


def test_a_fault_follows_its_meter_to_the_new_address(master_of: Any) -> None:
    rule = '[[faults]]\nkind = "lose-reply"\nmeter = "0010010101"\nskip = 1\n'
    master = master_of(ADW300, site=rule)
    master.write(0x0000, 9)
    assert master.ask(read_holding(0, 1), unit=9) is None
    assert last(master).verdict is Verdict.REPLY_LOST


def test_two_meters_at_one_address_both_execute_and_collide(master_of: Any) -> None:
    master = master_of(DDSY1352, DDSY1352)
    master.write(0x0360, 0x0203, 0, unit=1)
    assert master.ask(write_multiple(0x0061, b"\x00\x07"), unit=2) == b""
    assert (last(master).verdict, last(master).reply) == (Verdict.COLLIDED, None)
    assert last(master).meter == "0010010101+0010010102"
    assert master.ask(write_multiple(0x0360, b"\x05\x03\x00\x00"), unit=2) == b""
    state = master.farm.state()["meters"]
    assert [meter["overload_w"] for meter in state.values()] == [7, 7]
    assert master.ask(read_holding(0, 1), unit=2) == b""
    assert last(master).verdict is Verdict.ABSENT, "both have moved on together"


def test_a_broadcast_reaches_meters_that_share_an_address(master_of: Any) -> None:
    master = master_of(DDSY1352, DDSY1352, DDSY1352)
    master.write(0x0360, 0x0203, 0, unit=1)
    assert master.ask(write_multiple(0x0061, b"\x00\x07"), unit=0) is None
    assert [meter["overload_w"] for meter in master.farm.state()["meters"].values()] == [7, 7, 7]


def test_overlapped_frames_never_form_a_valid_frame() -> None:
    for frames in (
        [rtu.encode(2, b"\x03\x02\x00\x07")] * 2,
        [rtu.encode(2, b"\x90\x03"), rtu.encode(2, b"\x10\x00\x61\x00\x01")],
        [rtu.encode(2, b"\x03\xfa" + bytes(250))] * 3,
    ):
        assert not rtu.is_whole(overlapped(frames))
    whole = rtu.encode(2, b"\x83\x02")
    assert not rtu.is_whole(overlapped([whole]))


@pytest.mark.anyio
async def test_an_rtu_gateway_passes_on_collided_bytes(master_of: Any, served: Any) -> None:
    master = master_of(ADW300, ADW300)
    master.write(0x0000, 2)
    async with served(master.farm) as wire:
        wire.send(rtu.encode(2, read_holding(0x003C, 2)))
        heard = await wire.receive(10)
    assert not rtu.is_whole(heard)
    assert last(master).sent == (heard,)


@pytest.mark.anyio
async def test_a_modbus_tcp_gateway_answers_a_collision_with_exception_0b(
    master_of: Any, served: Any
) -> None:
    master = master_of(ADW300, ADW300)
    master.write(0x0000, 2)
    async with served(master.farm, "tcp") as wire:
        wire.send(mbap.encode(7, 2, read_holding(0x003C, 2)))
        assert await wire.receive(9) == mbap.encode(7, 2, b"\x83\x0b")


def test_a_collision_takes_the_time_of_the_longest_reply(master_of: Any) -> None:
    master = master_of(ADW300, ADW300)
    master.write(0x0000, 2)
    pace = Pace(SitePort(port=1), "any")
    _, outcome = master.farm.bus("001001").exchange(2, read_holding(0x003C, 2), master.clock.time(), pace)
    assert 0.02 + 9 * 10 / 9600 <= outcome.held_s <= 0.08 + 9 * 10 / 9600


OTHER_LINE = [
    (ADW300, 0x0001, (1,), "1000010001"),
    (ADW300, 0x0004, (0x0100,), "1000040001"),
    (DTSD1352, 0x003F, (0x0100,), "10003f0001"),
    (DDSY1352, 0x0360, (0x0100, 0), "1003600002"),
    (DDSY1352, 0x0360, (0x0103, 0x0100), "1003600002"),
]


@pytest.mark.parametrize(("keys", "address", "words", "reply"), OTHER_LINE)
def test_a_meter_set_to_another_speed_or_parity_is_silent(
    master_of: Any, keys: dict[str, str], address: int, words: tuple[int, ...], reply: str
) -> None:
    master = master_of(keys, DTSD1352)
    assert master.write(address, *words) == bytes.fromhex(reply)
    assert master.ask(read_holding(0, 1)) == b""
    assert last(master).verdict is Verdict.ABSENT
    master.ask(write_multiple(0x008E, b"\x00\x28"), unit=0)
    assert master.read_registers(0x008E, 1, unit=2) == (40,), "the others go on"


def test_stop_bits_have_no_effect(master_of: Any) -> None:
    master = master_of(ADW300)
    master.write(0x0004, 0x0001)
    assert master.read_registers(0x0004, 1) == (0x0001,)


@pytest.mark.parametrize(
    ("keys", "address", "words"),
    [
        (ADW300, 0x0000, (0,)),
        (ADW300, 0x0000, (248,)),
        (ADW300, 0x0001, (5,)),
        (ADW300, 0x0004, (0x0300,)),
        (ADW300, 0x0004, (0x0002,)),
        (ADW300, 0x0000, (9, 7)),
        (DTSD1352, 0x003F, (0x0103 + 0xF700,)),
        (DTSD1352, 0x003F, (0x0105,)),
        (DDSY1352, 0x0360, (0x0106, 0)),
        (DDSY1352, 0x0360, (0x0103, 0x0200)),
        (DDSY1352, 0x0360, (0x0103, 0x0002)),
    ],
)
def test_invalid_port_settings_are_refused_and_change_nothing(
    master_of: Any, keys: dict[str, str], address: int, words: tuple[int, ...]
) -> None:
    master = master_of(keys)
    before = master.read_registers(address, len(words))
    assert master.write(address, *words) == b"\x90\x03"
    assert master.read_registers(address, len(words)) == before


def test_a_port_starts_with_the_settings_of_its_line(master_of: Any) -> None:
    master = master_of(second_bus=(ADW300, DTSD1352, DDSY1352))
    bus, now_s = master.farm.bus("001001", 2), master.clock.time()
    assert bus.exchange(1, read_holding(0, 5), now_s)[0] == bytes.fromhex("030a 0001 0001 0000 0000 0100")
    assert bus.exchange(2, read_holding(0x3F, 1), now_s)[0] == bytes.fromhex("0302 0200")
    assert bus.exchange(3, read_holding(0x0360, 2), now_s)[0] == bytes.fromhex("0304 0300 0100")


def test_settings_of_the_second_port_have_no_effect(master_of: Any) -> None:
    master = master_of(DDSY1352)
    master.write(0x0365, 0x0905, 0)
    assert master.read_registers(0x0360, 1) == (0x0103,)
    assert master.read_registers(0x0365, 1) == (0x0905,)


def test_port_settings_survive_a_restart(master_of: Any) -> None:
    lived = master_of(ADW300, DDSY1352, DTSD1352)
    lived.write(0x0000, 9, unit=1)
    lived.write(0x0360, 0x0203, 0x0100, unit=2)
    lived.write(0x003F, 0x0103, unit=3)
    again = master_of(ADW300, DDSY1352, DTSD1352)
    again.farm.restore(lived.farm.state())
    assert again.u32(0x003C, unit=9) == 1100
    assert again.u32(0x0000, unit=1) == 2200
    assert again.ask(read_holding(0, 1), unit=2) == again.ask(read_holding(0, 1), unit=3) == b""
