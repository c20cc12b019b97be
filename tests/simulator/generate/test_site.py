"""Generated sites: the mix of mingde, thirty meters per bus, and the same text for the same seed."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from prewatt_fixtures.site import load_site, parse_site
from prewatt_simulator.farm import Farm
from prewatt_simulator.generate import METERS_MAX, site_text


@pytest.mark.parametrize("meters", [1, 30, 31, 240, 241, 1310])
def test_every_size_is_a_site_with_at_most_thirty_a_bus(meters: int) -> None:
    site = parse_site(site_text(meters, 1), "generated")
    assert len(site.meters) == meters
    assert max(len(placed) for placed in site.by_port.values()) <= 30
    assert all(site.by_port.values())


def test_the_mix_is_that_of_mingde() -> None:
    mingde = Counter(meter.model for meter in load_site("mingde").energy_meters)
    generated = Counter(meter.model for meter in parse_site(site_text(262 * 4, 1), "generated").meters)
    assert generated == {model: 4 * count for model, count in mingde.items()}


def test_opened_meters_purchased_what_they_used_and_have_left() -> None:
    opened = [m for m in parse_site(site_text(262, 7), "generated").meters if m.meter_opened]
    assert opened
    for meter in opened:
        used_fen = (meter.start.energy - meter.base) * meter.prices.flat // 10_000
        assert meter.start.total_purchased - (meter.start.remaining or 0) == used_fen


def test_a_seed_fixes_the_text_and_another_changes_it() -> None:
    assert site_text(100, 1) == site_text(100, 1)
    assert site_text(100, 1) != site_text(100, 2)


def test_ten_thousand_meters_load_into_one_farm() -> None:
    farm = Farm(parse_site(site_text(10_000, 1), "generated"))
    assert len(farm.meter_numbers) == 10_000


@pytest.mark.parametrize("meters", [0, -1, METERS_MAX + 1])
def test_a_size_out_of_range_is_refused(meters: int) -> None:
    with pytest.raises(ValueError, match=f"not {meters}"):
        site_text(meters, 1)


def test_the_command_prints_a_file_that_the_check_accepts(tmp_path: Path) -> None:
    prewatt = str(Path(sys.executable).with_name("prewatt"))
    site = tmp_path / "large.toml"
    with site.open("w", encoding="utf-8") as out:
        subprocess.run([prewatt, "sim", "generate", "--meters", "300", "--seed", "5"], stdout=out, check=True)
    assert site.read_text("utf-8") == site_text(300, 5)
    checked = subprocess.run([prewatt, "sim", "check", str(site)], capture_output=True, text=True, check=True)
    assert "300 meters: ok" in checked.stdout


def test_the_command_names_a_size_out_of_range() -> None:
    prewatt = str(Path(sys.executable).with_name("prewatt"))
    refused = subprocess.run(
        [prewatt, "sim", "generate", "--meters", str(METERS_MAX + 1)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 2
    assert str(METERS_MAX) in refused.stderr
