"""Changes through the control API act on the farm that the bus serves."""

from datetime import UTC, datetime
from typing import Any

import pytest

from prewatt_fixtures.clock import ScaledClock
from prewatt_fixtures.wire import vendor
from prewatt_fixtures.wire.pdu import READ_HOLDING, read_holding
from prewatt_fixtures.wire.vendor import VendorResult
from prewatt_simulator.line.bus import NO_DEVICE

pytestmark = pytest.mark.anyio
PREPAID, PLAIN, WATER, TERMINAL, CLIMATE = (f"00100101{unit:02X}" for unit in range(1, 6))
DAY_S = 86_400


class TestLoad:
    async def test_counters_keep_their_values_under_a_new_load(self, api: Any) -> None:
        meter = api.farm.meter(PLAIN)
        api.clock.advance(DAY_S / 2 + 0.4)
        before = meter.energy_by_rate_mwh
        load = await api.ask("PUT", f"/meters/{PLAIN}/load", {"shape": "shop", "centikwh_per_day": 4800})
        assert load == {"shape": "shop", "centikwh_per_day": 4800, "litres_per_day": None}
        assert meter.energy_by_rate_mwh == before
        api.clock.advance(DAY_S)
        assert meter.energy_centikwh - sum(before) // 10_000 == pytest.approx(4800, abs=1)
        assert await api.ask("GET", f"/meters/{PLAIN}/load") == load

    async def test_registers_show_the_new_power_at_once(self, api: Any) -> None:
        (before,) = api.master.read_registers(0x000C, 1, unit=1)
        await api.ask("PUT", f"/meters/{PREPAID}/load", {"shape": "flat", "centikwh_per_day": 24_000})
        shown = await api.ask("GET", f"/meters/{PREPAID}/measurements/power_total")
        assert shown["value"] == pytest.approx(10_000, rel=0.05)
        assert before != shown["value"]

    async def test_a_water_load_is_in_litres(self, api: Any) -> None:
        await api.ask("PUT", f"/meters/{WATER}/load", {"shape": "flat", "litres_per_day": 240})
        api.clock.advance(DAY_S)
        assert api.farm.water_meter(WATER).volume_litres == 12_345 + 240

    async def test_credit_ends_by_the_new_load(self, api: Any) -> None:
        await api.ask("PUT", f"/meters/{PREPAID}/load", {"shape": "flat", "centikwh_per_day": 240_000})
        api.clock.advance(1800)
        shown = await api.ask("GET", f"/meters/{PREPAID}")
        assert (shown["relay_closed"], shown["remaining_fen"]) == (False, 0)

    @pytest.mark.parametrize(
        ("number", "body", "key"),
        [
            (PREPAID, {"shape": "zigzag", "centikwh_per_day": 1}, "shape"),
            (PREPAID, {"shape": "flat", "litres_per_day": 1}, "litres_per_day"),
            (PREPAID, {"shape": "flat"}, "centikwh_per_day"),
            (PREPAID, {"shape": "flat", "centikwh_per_day": "1"}, "centikwh_per_day"),
            (PREPAID, {"shape": "flat", "centikwh_per_day": -1}, "centikwh_per_day"),
            (PREPAID, {"shape": "flat", "kwh_per_day": 1}, "kwh_per_day"),
            (WATER, {"shape": "flat", "centikwh_per_day": 1}, "centikwh_per_day"),
        ],
    )
    async def test_an_invalid_load_is_refused(
        self, api: Any, number: str, body: dict[str, Any], key: str
    ) -> None:
        assert (await api.refused("PUT", f"/meters/{number}/load", body))[0] == key

    async def test_a_device_without_load_is_404(self, api: Any) -> None:
        await api.refused("GET", f"/meters/{TERMINAL}/load", status=404)


class TestRegisters:
    async def test_registers_are_written_as_on_the_wire(self, api: Any) -> None:
        await api.ask("PUT", f"/meters/{PREPAID}/registers", {"address": 0x57, "registers": [1, 1]})
        assert not api.farm.meter(PREPAID).relay_closed
        await api.ask("PUT", f"/meters/{WATER}/registers", {"address": 0x1C, "registers": [2]})
        assert not api.farm.water_meter(WATER).valve_open

    async def test_a_value_is_written_by_its_name(self, api: Any) -> None:
        forced = await api.ask("PUT", f"/meters/{PREPAID}/measurements/forced_mode", {"value": 1})
        assert forced["value"] == 1
        assert api.farm.meter(PREPAID).forced is True
        at = {"value": "2022-02-03T04:05:06"}
        assert (await api.ask("PUT", f"/meters/{PLAIN}/measurements/clock", at)).items() >= at.items()
        port = {"value": "4d010000"}
        assert (
            await api.ask("PUT", f"/meters/{PREPAID}/measurements/port_settings", port)
        ).items() >= port.items()

    async def test_a_meter_with_a_written_address_answers_there(self, api: Any) -> None:
        await api.ask("PUT", f"/meters/{PLAIN}/measurements/slave_address", {"value": 77})
        assert api.master.ask(read_holding(0, 1), unit=77)[0] == READ_HOLDING
        assert api.master.ask(read_holding(0, 1), unit=2) == NO_DEVICE

    @pytest.mark.parametrize(
        ("number", "body", "expected"),
        [
            (PREPAID, {"address": 0x0000, "registers": [1, 1]}, "exception 2, illegal address"),
            (PREPAID, {"address": 0x0057, "registers": [7]}, "exception 3, illegal value"),
            (WATER, {"address": 0x1C, "registers": [1, 1]}, "exception 1, illegal function"),
        ],
    )
    async def test_what_the_device_refuses_is_refused(
        self, api: Any, number: str, body: dict[str, Any], expected: str
    ) -> None:
        assert expected in (await api.refused("PUT", f"/meters/{number}/registers", body))[1]

    @pytest.mark.parametrize(
        ("number", "measurement", "value", "status", "expected"),
        [
            (PREPAID, "remaining", 1, 409, "function 20H sets it"),
            (PREPAID, "energy_total", 1, 409, "nothing writes it"),
            (PREPAID, "forced_mode", 70_000, 422, "does not fit"),
            (PREPAID, "forced_mode", "1", 422, "does not fit"),
            (PREPAID, "port_settings", "xyz", 422, "two a byte, not 'xyz'"),
            (PLAIN, "clock", "2022-02-03T04:05:06+08:00", 422, "without an offset"),
            (PLAIN, "clock", "soon", 422, "soon"),
            (PLAIN, "clock", "9999-01-01T00:00:00", 422, "9999-01-01T00:00:00 does not fit"),
            (PLAIN, "clock", "1999-12-31T00:00:00", 422, "1999-12-31T00:00:00 does not fit"),
            (PREPAID, "volume_forward", 1, 404, "one that a DDSY1352-NK/F has"),
            (PREPAID, "nonsense", 1, 404, "one that a DDSY1352-NK/F has"),
        ],
    )
    async def test_a_value_out_of_range_is_refused(
        self, api: Any, number: str, measurement: str, value: Any, status: int, expected: str
    ) -> None:
        path = f"/meters/{number}/measurements/{measurement}"
        assert expected in (await api.refused("PUT", path, {"value": value}, status))[1]


class TestByHand:
    async def test_the_counter_rule_can_be_set(self, api: Any) -> None:
        shown = await api.ask("PATCH", f"/meters/{PREPAID}", {"counter_rule": "greater"})
        assert shown["counter_rule"] == "greater"
        assert api.master.top_up(1000, 99) is VendorResult.DONE

    async def test_a_meter_without_credit_has_no_counter_rule(self, api: Any) -> None:
        problem = await api.refused("PATCH", f"/meters/{PLAIN}", {"counter_rule": "greater"}, 409)
        assert "keeps no credit" in problem[1]

    async def test_battery_and_valve_states_can_be_set(self, api: Any) -> None:
        settings = {"battery_low": True, "valve_abnormal": True}
        assert (await api.ask("PATCH", f"/meters/{WATER}", settings)).items() >= settings.items()
        assert api.farm.water_meter(WATER).battery_low

    async def test_reverse_volume_can_be_added(self, api: Any) -> None:
        assert (await api.ask("POST", f"/meters/{WATER}/reverse-flow", {"litres": 7}))["reverse_litres"] == 7

    async def test_a_sensor_can_be_broken_and_repaired(self, api: Any) -> None:
        path = f"/meters/{CLIMATE}/sensors/2"
        assert (await api.ask("PUT", path, {"faulty": True}))["faulty"]
        assert not (await api.ask("PUT", path, {"faulty": False}))["faulty"]

    async def test_the_key_ends_a_reminder(self, master_of: Any, api_of: Any) -> None:
        site = {
            "start": '{ remaining = "5.01" }',
            "load": '{ kwh_per_day = "24.00" }',
            "alarm_2_trips": "true",
        }
        async with api_of(master_of(site)) as reminded:
            reminded.clock.advance(3600)
            assert (await reminded.ask("GET", f"/meters/{PREPAID}"))["reminding"]
            shown = await reminded.ask("POST", f"/meters/{PREPAID}/press-key")
            assert (shown["reminding"], shown["relay_closed"]) == (False, True)

    async def test_contacts_can_be_closed_and_opened(self, api: Any) -> None:
        path = f"/meters/{TERMINAL}/contacts/4"
        assert await api.ask("PUT", path, {"closed": True}) == {"contact": 4, "closed": True}
        assert api.farm.terminal(TERMINAL).closed(4)
        await api.ask("PUT", path, {"closed": False})
        assert await api.ask("GET", path) == {"contact": 4, "closed": False}

    async def test_air_can_be_set_and_released(self, api: Any) -> None:
        path, climate = f"/meters/{CLIMATE}/air/1", api.farm.climate(CLIMATE)
        own = climate.air(1)
        held = {"temperature_decicelsius": 45, "humidity_permille": 600}
        assert (await api.ask("PUT", path, held)) | held == await api.ask("GET", path)
        assert climate.heating(1)
        await api.ask("DELETE", path, status=204)
        assert climate.air(1) == own

    @pytest.mark.parametrize(
        "path",
        [
            f"/meters/{TERMINAL}/contacts/0",
            f"/meters/{TERMINAL}/contacts/999",
            f"/meters/{TERMINAL}/contacts/x",
            f"/meters/{TERMINAL}/air/1",
            f"/meters/{CLIMATE}/air/4",
            f"/meters/{CLIMATE}/contacts/1",
            f"/meters/{PREPAID}/contacts/1",
        ],
    )
    async def test_a_property_that_a_device_lacks_is_404(self, api: Any, path: str) -> None:
        await api.refused("GET", path, status=404)


class TestClock:
    async def test_a_clock_is_advanced_by_seconds_or_to_a_time(self, api: Any) -> None:
        assert (await api.ask("POST", "/clock/advance", {"seconds": 1.5}))[
            "now"
        ] == "2021-12-27T16:00:01.500000Z"
        await api.ask("POST", "/clock/advance", {"to": "2021-12-28T08:00:00+08:00"})
        assert api.clock.now() == datetime(2021, 12, 28, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("body", "key"),
        [
            ({}, "seconds"),
            ({"seconds": 1, "to": "2022-01-01T00:00:00Z"}, "seconds"),
            ({"seconds": -1}, "seconds"),
            ({"seconds": "1"}, "seconds"),
            ({"seconds": 1e12}, "seconds"),
            ({"to": "2021-12-27T15:59:59Z"}, "to"),
            ({"to": "2022-01-01T00:00:00"}, "to"),
            ({"to": "2100-01-01T00:00:00Z"}, "to"),
            ({"minutes": 1}, "minutes"),
        ],
    )
    async def test_an_invalid_advance_is_refused(self, api: Any, body: dict[str, Any], key: str) -> None:
        assert (await api.refused("POST", "/clock/advance", body))[0] == key
        assert api.clock.now() == datetime(2021, 12, 27, 16, tzinfo=UTC)

    async def test_a_clock_without_a_speed_refuses_one(self, api: Any) -> None:
        await api.refused("PUT", "/clock/speed", {"speed": 2}, 409)

    async def test_a_running_clock_is_advanced_only_after_it_is_stopped(
        self, api_of: Any, master_of: Any
    ) -> None:
        clock = ScaledClock(datetime(2022, 1, 1, tzinfo=UTC), 1)
        async with api_of(master_of({}, clock=clock)) as api:
            assert "stands still" in (await api.refused("POST", "/clock/advance", {"seconds": 1}, 409))[1]
            stopped = await api.ask("PUT", "/clock/speed", {"speed": 0})
            assert stopped["speed"] == 0
            moved = await api.ask("POST", "/clock/advance", {"seconds": 3600})
            between = datetime.fromisoformat(moved["now"]) - datetime.fromisoformat(stopped["now"])
            assert between.total_seconds() == pytest.approx(3600, abs=1e-5)
            assert (await api.ask("PUT", "/clock/speed", {"speed": 60}))["speed"] == 60


class TestReset:
    async def test_reset_clears_faults_and_journal_and_keeps_meters(self, api: Any) -> None:
        await api.ask("POST", "/faults", {"kind": "lose-reply"}, 201)
        api.top_up(7)
        await api.ask("POST", "/farm/reset", {}, 204)
        assert not api.farm.faults.rules
        assert len(api.farm.journal) == 0
        assert api.farm.meter(PREPAID).purchase_count == 7

    async def test_reset_with_meters_restores_the_site_file(self, api: Any) -> None:
        first = {number: await api.ask("GET", f"/meters/{number}") for number in api.farm.meter_numbers}
        await api.ask("POST", "/faults", {"kind": "weld-relay", "meter": PREPAID, "relay": "open"}, 201)
        api.clock.advance(10 * DAY_S)
        api.top_up(7)
        for path, body in (
            (f"/meters/{PLAIN}/measurements/slave_address", {"value": 77}),
            (f"/meters/{WATER}/load", {"shape": "shop", "litres_per_day": 7}),
            (f"/meters/{TERMINAL}/contacts/1", {"closed": True}),
        ):
            await api.ask("PUT", path, body)
        await api.ask("POST", "/farm/reset", {"meters": True}, 204)
        again = {number: await api.ask("GET", f"/meters/{number}") for number in api.farm.meter_numbers}
        del first[CLIMATE]["channels"], again[CLIMATE]["channels"]  # its air follows the time of day
        first[WATER]["flow_litres_per_hour"] = again[WATER]["flow_litres_per_hour"]
        assert again == first
        assert api.master.command(vendor.TopUp(1000, 7), unit=1).remaining_fen == 5125


async def test_removing_a_weld_rule_releases_the_relay(api: Any) -> None:
    rule = await api.ask("POST", "/faults", {"kind": "weld-relay", "meter": PREPAID, "relay": "open"}, 201)
    api.master.read_registers(0, 1)
    assert not (await api.ask("GET", f"/meters/{PREPAID}"))["relay_closed"]
    await api.ask("DELETE", f"/faults/{rule['name']}", status=204)
    assert (await api.ask("GET", f"/meters/{PREPAID}"))["relay_closed"]
