"""Values of the moment: they fit together, flicker from the seed, and refresh once a second."""

from typing import Any

import pytest

LOADED = {"model": '"DTSY1352-NK/F"', "load": '{ kwh_per_day = "240.00" }'}


def signed(words: tuple[int, ...]) -> list[int]:
    return [word - 0x10000 if word & 0x8000 else word for word in words]


@pytest.mark.parametrize("ct", [1, 10])
def test_power_is_the_sum_of_the_phases_and_u_times_i_times_pf(desk_of: Any, ct: int) -> None:
    desk = desk_of({**LOADED, "ct": str(ct)})
    for _ in range(50):
        desk.clock.advance(37)
        block = signed(desk.words(0x0200, 48))
        voltage, current, power = block[1:4], block[4:7], block[7:10]
        factor = block[15:18]
        assert block[10] == sum(power)
        for u, i, p, pf in zip(voltage, current, power, factor, strict=True):
            assert abs(u / 10 * i / 100 * pf / 1000 - p) <= 1


def test_power_follows_the_load(desk_of: Any) -> None:
    desk = desk_of(LOADED)
    powers = []
    for _ in range(200):
        desk.clock.advance(1)
        powers.append(signed(desk.words(0x020A, 1))[0])
    assert sum(powers) / len(powers) == pytest.approx(10_000, rel=0.02)


def test_values_refresh_with_the_measuring_period_and_not_with_the_reading(desk_of: Any) -> None:
    desk = desk_of(LOADED)
    desk.clock.advance(0.25)
    first = desk.words(0x0200, 48)
    desk.clock.advance(0.5)
    assert desk.words(0x0200, 48) == first
    desk.clock.advance(0.25)
    assert desk.words(0x0200, 48) != first


def test_the_same_seed_flickers_the_same_and_another_does_not(desk_of: Any) -> None:
    first, again, other = (desk_of(LOADED, seed=seed) for seed in (1, 1, 2))
    assert first.words(0x0200, 48) == again.words(0x0200, 48)
    assert first.words(0x0200, 48) != other.words(0x0200, 48)


def test_two_meters_do_not_flicker_alike(desk_of: Any) -> None:
    desk = desk_of(LOADED, LOADED)
    assert desk.words(0x0201, 3, unit=1) != desk.words(0x0201, 3, unit=2)


def test_a_single_phase_meter_has_one_phase(desk_of: Any) -> None:
    desk = desk_of({"load": '{ kwh_per_day = "24.00" }'})
    block = signed(desk.words(0x0200, 48))
    assert block[1] > 0
    assert block[2:4] == [0, 0]
    assert block[7] == block[10]
    assert desk.words(13, 1)[0] == block[10]
