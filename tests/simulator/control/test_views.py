"""The control API shows the properties of the Python views."""

from typing import Any

import pytest

from prewatt_fixtures.profile import DeviceKind
from prewatt_fixtures.wire.pdu import read_holding

pytestmark = pytest.mark.anyio
PREPAID, PLAIN, WATER, TERMINAL, CLIMATE = (f"00100101{unit:02X}" for unit in range(1, 6))


def properties(view: Any) -> set[str]:
    found = {
        name for kind in type(view).__mro__ for name, each in vars(kind).items() if type(each) is property
    }
    return found - {"profile"}


async def test_the_farm_has_site_clock_and_listeners(api: Any) -> None:
    farm = await api.ask("GET", "/farm")
    assert (farm["project"], farm["seed"], farm["meters"]) == ("001", 1, 5)
    assert farm["start"] == farm["clock"]["now"] == "2021-12-27T16:00:00Z"
    assert [(each["gateway"], each["port"]) for each in farm["endpoints"]] == [("001001", 1), ("001001", 2)]
    assert all(each["tcp"] > 0 and each["framing"] == "rtu" for each in farm["endpoints"])


async def test_every_device_is_listed_with_its_place(api: Any) -> None:
    rows = (await api.ask("GET", "/meters"))["meters"]
    assert [row["number"] for row in rows] == list(api.farm.meter_numbers)
    assert {row["kind"] for row in rows} == set(DeviceKind)
    assert (rows[1]["gateway"], rows[1]["port"], rows[1]["unit"]) == ("001001", 1, 2)


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("kind=water-meter", [WATER]),
        ("model=ARTU-K", [TERMINAL]),
        ("gateway=001001&port=2", []),
        ("gateway=001001&port=1&kind=energy-meter", [PREPAID, PLAIN]),
    ],
)
async def test_the_list_is_filtered(api: Any, query: str, numbers: list[str]) -> None:
    rows = (await api.ask("GET", f"/meters?{query}"))["meters"]
    assert [row["number"] for row in rows] == numbers


@pytest.mark.parametrize("number", [PREPAID, PLAIN, WATER, TERMINAL, CLIMATE])
async def test_a_device_has_all_properties_of_its_view(api: Any, number: str) -> None:
    api.clock.advance(3600)
    shown = await api.ask("GET", f"/meters/{number}")
    view = api.farm.view(number)
    assert properties(view) <= set(shown)
    for name in properties(view) - {"counter_rule"}:
        if shown[name] is not None:
            value = getattr(view, name)
            assert shown[name] == (list(value) if isinstance(value, tuple) else value), name


async def test_credit_is_null_for_a_meter_without_it(api: Any) -> None:
    plain, prepaid = [await api.ask("GET", f"/meters/{number}") for number in (PLAIN, PREPAID)]
    assert plain["remaining_fen"] is plain["relay_closed"] is plain["counter_rule"] is None
    assert (prepaid["remaining_fen"], prepaid["relay_closed"], prepaid["counter_rule"]) == (
        4125,
        True,
        "next",
    )


async def test_a_trace_load_is_shown_by_its_mean(master_of: Any, api_of: Any, tmp_path: Any) -> None:
    trace = tmp_path / "lift.csv"
    trace.write_text("time,kwh\n2026-01-05 00:00,10.00\n2026-01-05 12:00,16.00\n2026-01-07 00:00,22.00\n")
    master = master_of({"load": f'{{ shape = "trace", file = "{trace}" }}'})
    async with api_of(master) as api:
        load = await api.ask("GET", f"/meters/{PREPAID}/load")
        assert load == {"shape": "trace", "centikwh_per_day": 600, "litres_per_day": None}


async def test_contacts_and_air_are_shown(api: Any) -> None:
    api.farm.terminal(TERMINAL).set_closed(3, True)
    api.farm.climate(CLIMATE).set_air(2, temperature=41, humidity=905)
    contacts = (await api.ask("GET", f"/meters/{TERMINAL}"))["contacts"]
    assert [each["contact"] for each in contacts if each["closed"]] == [3]
    channel = (await api.ask("GET", f"/meters/{CLIMATE}"))["channels"][1]
    assert channel == {
        "channel": 2, "temperature_decicelsius": 41, "humidity_permille": 905, "faulty": False,
        "heating": True, "ventilating": False,
    }  # fmt: skip


async def test_registers_are_read_as_on_the_wire(api: Any) -> None:
    api.clock.advance(1800)
    for address in ("0x021F", "543"):
        shown = await api.ask("GET", f"/meters/{PREPAID}/registers?address={address}&count=3")
        assert shown["address"] == 0x21F
        assert tuple(shown["registers"]) == api.master.read_registers(0x21F, 3)


@pytest.mark.parametrize("number", [PREPAID, PLAIN, WATER, TERMINAL, CLIMATE])
async def test_every_measurement_is_read_by_name(api: Any, number: str) -> None:
    profile = api.farm.view(number).profile
    named = {
        each["measurement"]: each
        for each in (await api.ask("GET", f"/meters/{number}/measurements"))["measurements"]
    }
    assert set(named) == {row.measurement.key for row in profile.registers}
    for row in (row for row in profile.registers if not row.mirror):
        reply = api.master.ask(read_holding(row.address, row.words), int(number[8:], 16))
        value, shown = row.decode(reply[2:]), named[row.measurement.key]
        expected = value.hex() if isinstance(value, bytes) else value
        assert shown["value"] == (expected.isoformat() if hasattr(expected, "isoformat") else expected)


async def test_a_value_has_unit_and_resolution(api: Any) -> None:
    remaining = await api.ask("GET", f"/meters/{PREPAID}/measurements/remaining")
    assert (remaining["value"], remaining["resolution"], remaining["unit"]) == (4125, "0.01", "CNY")
    assert (remaining["decimal"], remaining["written_by"]) == ("41.25", "20H")
    clock = await api.ask("GET", f"/meters/{PREPAID}/measurements/clock")
    assert (clock["value"], clock["decimal"]) == ("2021-12-28T00:00:00", None)


async def test_reading_adds_no_journal_entry(api: Any) -> None:
    await api.ask("GET", f"/meters/{PREPAID}/measurements")
    await api.ask("GET", f"/meters/{PREPAID}/registers?address=0")
    assert len(api.farm.journal) == 0
