"""A bench with one remote terminal, one climate controller and one water meter."""

from typing import Any

import pytest


@pytest.fixture
def bench(master_of: Any) -> Any:
    """A bus master: the terminal is unit 1, the controller 2, the water meter 3."""
    return master_of(
        {"model": '"ARTU"'},
        {"model": '"WHD"'},
        {"model": '"水表"', "start": '{ volume = "12.345" }', "load": '{ m3_per_day = "2.400" }'},
    )
