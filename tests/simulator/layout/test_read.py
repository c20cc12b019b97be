"""Every register of every shipped profile, read from a live meter."""

import struct
from typing import Any

import pytest

from prewatt_fixtures.measurements import Measurement
from prewatt_fixtures.profile import Profile, Register, profiles
from prewatt_fixtures.wire.pdu import read_holding

MODELS = sorted(profiles())
ENERGY_METERS = sorted(model for model, described in profiles().items() if described.measures_energy)


def read(desk: Any, row: Register) -> Any:
    reply = desk.ask(read_holding(row.address, row.words))
    assert reply[0] == 3, row
    return row.decode(reply[2:])


@pytest.fixture
def described_desk(request: pytest.FixtureRequest, desk_of: Any) -> tuple[Profile, Any]:
    described = profiles()[request.param]
    if not described.measures_energy:
        return described, desk_of({"model": f'"{described.model}"'})
    start = '{ energy = "1234.56" }'
    if described.prepaid:
        start = '{ energy = "1234.56", remaining = "7.50", purchase_count = 3, total_purchased = "90.00" }'
    return described, desk_of(
        {"model": f'"{described.model}"', "start": start, "load": "{ kwh_per_day = '24' }"}
    )


@pytest.mark.parametrize("described_desk", MODELS, indirect=True)
class TestProfiles:
    def test_every_block_reads_in_one_frame(self, described_desk: tuple[Profile, Any]) -> None:
        described, desk = described_desk
        for block in described.blocks:
            for start in range(block.start, block.end, described.limits.read_max):
                desk.words(start, min(described.limits.read_max, block.end - start))

    def test_mirrors_agree_with_their_main_register(self, described_desk: tuple[Profile, Any]) -> None:
        described, desk = described_desk
        for elapsed_s in (0, 1, 3600, 90_000):
            desk.clock.advance(elapsed_s)
            for mirror in (row for row in described.registers if row.mirror):
                assert read(desk, mirror) == read(desk, described.register(mirror.measurement)), mirror

    def test_a_read_that_leaves_its_block_is_exception_2(self, described_desk: tuple[Profile, Any]) -> None:
        described, desk = described_desk
        for block in described.blocks:
            assert desk.ask(read_holding(block.end - 1, 2)) == b"\x83\x02"
        assert desk.ask(read_holding(0xFFFF, 1)) == b"\x83\x02"


@pytest.mark.parametrize("described_desk", ENERGY_METERS, indirect=True)
class TestEnergyMeters:
    def test_part_of_a_block_is_a_slice_of_it(self, described_desk: tuple[Profile, Any]) -> None:
        described, desk = described_desk
        whole = desk.words(0, 60)
        assert [desk.words(at, 1)[0] for at in range(60)] == list(whole)
        assert described.limits.read_max >= 60

    def test_billing_values_are_those_of_the_site(self, described_desk: tuple[Profile, Any]) -> None:
        described, desk = described_desk
        assert read(desk, described.register(Measurement.ENERGY_TOTAL)) == 123456
        if described.prepaid:
            assert read(desk, described.register(Measurement.REMAINING)) == 750
            assert read(desk, described.register(Measurement.PURCHASE_COUNT)) == 3
            assert read(desk, described.register(Measurement.TOTAL_PURCHASED)) == 9000

    def test_the_meters_clock_shows_local_time(self, described_desk: tuple[Profile, Any]) -> None:
        described, desk = described_desk
        desk.clock.advance(12 * 3600 + 61)
        assert str(read(desk, described.register(Measurement.CLOCK))) == "2021-12-28 12:01:01"


def test_a_value_out_of_range_reads_as_the_registers_limit(desk_of: Any) -> None:
    desk = desk_of({"model": '"DTSY1352-NK/F"', "load": '{ kwh_per_day = "2400.00" }'})
    assert desk.words(0x020A, 1) == (0x7FFF,)
    assert struct.pack(">H", *desk.words(0x0200, 1)) == b"\0\5"
