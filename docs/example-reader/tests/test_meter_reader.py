"""The reader against a site of simulated meters. Each test has a farm of its own, on a clock that stands still."""

import pytest
from meter_reader import MeterReader, MeterRefused, MeterSilent

from prewatt_simulator.faults import Fault
from prewatt_simulator.testing import MeterFarm, MeterFarmFactory

HAIRDRESSER = "0000010201"
HAS_NO_CREDIT = "0000010102"

pytestmark = pytest.mark.meter_farm(framing="tcp")


def test_reads_what_the_meter_shows(meter_farm: MeterFarm) -> None:
    host, port, unit = meter_farm.address(HAIRDRESSER)
    reading = MeterReader(host, port).read(unit)
    assert reading.energy_centikwh == meter_farm.meter(HAIRDRESSER).energy_centikwh
    assert reading.remaining_fen == meter_farm.meter(HAIRDRESSER).remaining_fen == 4125


def test_sees_credit_melt_away(meter_farm: MeterFarm) -> None:
    host, port, unit = meter_farm.address(HAIRDRESSER)
    reader = MeterReader(host, port)
    before = reader.read(unit)
    meter_farm.advance(24 * 3600)
    after = reader.read(unit)
    used_centikwh = after.energy_centikwh - before.energy_centikwh
    assert used_centikwh == pytest.approx(720, abs=1)
    assert before.remaining_fen - after.remaining_fen == pytest.approx(used_centikwh * 0.75, abs=1)


def test_asks_again_when_a_reply_is_lost(meter_farm: MeterFarm) -> None:
    host, port, unit = meter_farm.address(HAIRDRESSER)
    meter_farm.faults.add(Fault(kind="lose-reply", meter=HAIRDRESSER, count=1))
    assert MeterReader(host, port, timeout_s=0.2).read(unit).remaining_fen == 4125
    assert [entry.verdict for entry in meter_farm.journal] == ["reply-lost", "answered", "answered"]


def test_gives_up_on_a_dead_serial_server(meter_farm: MeterFarm) -> None:
    host, port, unit = meter_farm.address(HAIRDRESSER)
    meter_farm.faults.add(Fault(kind="dead-gateway", gateway="000001"))
    with pytest.raises(MeterSilent):
        MeterReader(host, port, timeout_s=0.2).read(unit)
    assert len(meter_farm.journal) == 2


def test_tells_when_a_meter_has_no_credit(meter_farm: MeterFarm) -> None:
    host, port, unit = meter_farm.address(HAS_NO_CREDIT)
    with pytest.raises(MeterRefused, match="exception 2"):
        MeterReader(host, port).read(unit)


@pytest.mark.parametrize("site", ["tiny", "mingde"])
def test_reads_every_prepaid_meter_of_a_site(meter_farm_factory: MeterFarmFactory, site: str) -> None:
    farm = meter_farm_factory(site, framing="tcp")
    for placed in farm.site.meters:
        if placed.profile.model == "DDSY1352-NK/F":
            host, port, unit = farm.address(placed.number)
            assert MeterReader(host, port).read(unit).remaining_fen == farm.meter(placed.number).remaining_fen
