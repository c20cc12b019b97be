"""Orders under 30 % loss and outages end soon after their meter can be reached, each once: the campaign's short version."""

import pytest
from campaigns import resolution


@pytest.mark.usefixtures("anyio_backend")
@pytest.mark.parametrize("seed", [7])
def test_orders_end_soon_and_once(database_url: str, seed: int) -> None:
    outcome = resolution.run(database_url, seed, sales=12, outage_s=(5, 240))
    assert set(outcome.states) <= {"APPLIED"}
    assert outcome.doubled == 0
    assert outcome.refused <= 2, "an order that stays open refuses the sales that follow"
    assert max(outcome.after_outage_s) <= 300
