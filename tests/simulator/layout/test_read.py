"""Every register of every shipped profile, read from a live meter."""

import struct
from typing import Any

import pytest

from prewatt_fixtures.measurements import Measurement
from prewatt_fixtures.profile import Profile, Register, profiles
from prewatt_fixtures.wire.pdu import read_holding

MODELS = sorted(profiles())
ENERGY_METERS = sorted(model for model, described in profiles().items() if described.measures_energy)


def read(master: Any, row: Register) -> Any:
    reply = master.ask(read_holding(row.address, row.words))
    assert reply[0] == 3, row
    return row.decode(reply[2:])


@pytest.fixture
def described_master(request: pytest.FixtureRequest, master_of: Any) -> tuple[Profile, Any]:
    described = profiles()[request.param]
    if not described.measures_energy:
        return described, master_of({"model": f'"{described.model}"'})
    start = '{ energy = "1234.56" }'
    if described.prepaid:
        start = '{ energy = "1234.56", remaining = "7.50", purchase_count = 3, total_purchased = "90.00" }'
    return described, master_of(
        {"model": f'"{described.model}"', "start": start, "load": "{ kwh_per_day = '24' }"}
    )


@pytest.mark.parametrize("described_master", MODELS, indirect=True)
class TestProfiles:
    def test_every_block_reads_in_one_frame(self, described_master: tuple[Profile, Any]) -> None:
        described, master = described_master
        for block in described.blocks:
            for start in range(block.start, block.end, described.limits.read_max):
                master.read_registers(start, min(described.limits.read_max, block.end - start))

    def test_mirrors_agree_with_their_main_register(self, described_master: tuple[Profile, Any]) -> None:
        described, master = described_master
        for elapsed_s in (0, 1, 3600, 90_000):
            master.clock.advance(elapsed_s)
            for mirror in (row for row in described.registers if row.mirror):
                assert read(master, mirror) == read(master, described.register(mirror.measurement)), mirror

    def test_a_read_that_leaves_its_block_is_exception_2(self, described_master: tuple[Profile, Any]) -> None:
        described, master = described_master
        for block in described.blocks:
            assert master.ask(read_holding(block.end - 1, 2)) == b"\x83\x02"
        assert master.ask(read_holding(0xFFFF, 1)) == b"\x83\x02"


@pytest.mark.parametrize("described_master", ENERGY_METERS, indirect=True)
class TestEnergyMeters:
    def test_part_of_a_block_is_a_slice_of_it(self, described_master: tuple[Profile, Any]) -> None:
        described, master = described_master
        whole = master.read_registers(0, 60)
        assert [master.read_registers(at, 1)[0] for at in range(60)] == list(whole)
        assert described.limits.read_max >= 60

    def test_billing_values_are_those_of_the_site(self, described_master: tuple[Profile, Any]) -> None:
        described, master = described_master
        assert read(master, described.register(Measurement.ENERGY_TOTAL)) == 123456
        if described.prepaid:
            assert read(master, described.register(Measurement.REMAINING)) == 750
            assert read(master, described.register(Measurement.PURCHASE_COUNT)) == 3
            assert read(master, described.register(Measurement.TOTAL_PURCHASED)) == 9000

    def test_the_meters_clock_shows_local_time(self, described_master: tuple[Profile, Any]) -> None:
        described, master = described_master
        master.clock.advance(12 * 3600 + 61)
        assert str(read(master, described.register(Measurement.CLOCK))) == "2021-12-28 12:01:01"


def test_a_value_out_of_range_reads_as_the_registers_limit(master_of: Any) -> None:
    master = master_of({"model": '"DTSY1352-NK/F"', "load": '{ kwh_per_day = "2400.00" }'})
    assert master.read_registers(0x020A, 1) == (0x7FFF,)
    assert struct.pack(">H", *master.read_registers(0x0200, 1)) == b"\0\5"
