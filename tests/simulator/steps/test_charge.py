"""Step tariff arithmetic: a charge is the sum over single mWh; the affordable energy is its inverse."""

from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from prewatt_simulator.devices.prepaid.steps import MONTH, YEAR, StepTariff

DIVISOR = 7
counts = st.integers(0, 30)
tariffs = st.builds(
    StepTariff,
    on=st.just(True),
    limits=st.tuples(counts, counts, counts),
    prices_e4=st.tuples(counts, counts, counts, counts),
)
energies = st.integers(0, 300)


def price_of(tariff: StepTariff, used_mwh: int) -> int:
    """The price of the mWh that follows `used_mwh`."""
    for limit, price_e4 in zip(tariff.limits, tariff.prices_e4[:3], strict=True):
        if not limit or used_mwh < limit * DIVISOR:
            return price_e4
    return tariff.prices_e4[3]


@given(tariffs, energies, energies)
def test_each_mwh_costs_the_price_of_its_step(tariff: StepTariff, used: int, drawn: int) -> None:
    each = sum(price_of(tariff, used + at) for at in range(drawn))
    assert tariff.charge_fine(used, drawn, DIVISOR) == each


@given(tariffs, energies, energies, energies)
def test_a_charge_does_not_depend_on_its_division(tariff: StepTariff, used: int, one: int, two: int) -> None:
    whole = tariff.charge_fine(used, one + two, DIVISOR)
    assert whole == tariff.charge_fine(used, one, DIVISOR) + tariff.charge_fine(used + one, two, DIVISOR)


@given(tariffs, energies, st.integers(1, 10_000))
def test_the_affordable_energy_is_exact_to_the_mwh(tariff: StepTariff, used: int, spare: int) -> None:
    lasts = tariff.affordable_mwh(used, spare, DIVISOR)
    if lasts is None:
        assert tariff.charge_fine(used, 10**9, DIVISOR) < spare
    else:
        assert tariff.charge_fine(used, lasts, DIVISOR) >= spare
        assert tariff.charge_fine(used, lasts - 1, DIVISOR) < spare


def test_months_and_years_have_different_numbers() -> None:
    ends = (datetime(2021, 12, 31, 23, 59, 59), datetime(2022, 1, 1))
    assert [StepTariff(period=MONTH).period_of(at) for at in ends] == [24264, 24265]
    assert [StepTariff(period=YEAR).period_of(at) for at in ends] == [2021, 2022]
