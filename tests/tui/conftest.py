"""What the terminal's tests share: rows as the platform sends them."""

from collections.abc import Callable
from typing import Any

import pytest

from prewatt_tui.models.meter import Meter, MeterDetail

ROW: dict[str, Any] = {
    "number": "0010310101",
    "model": "DTSY1352-NK",
    "place": "留学生公寓101",
    "area": ["留学生公寓", "1层"],
    "postpaid": False,
    "balanceLocation": "METER",
    "accountState": "OPEN",
    "standing": "OPENED",
    "controlMode": "PREPAID",
    "relay": "CLOSED",
    "lost": False,
    "balance": {"amount": "41.25", "currency": "CNY"},
    "reading": {"at": "2026-11-20T02:00:00+00:00", "energyTotal": "55310.40", "power": "1.250"},
}

DETAIL: dict[str, Any] = {
    **ROW,
    "gateway": {"number": "001031", "name": "留学生公寓", "kind": "serial-server"},
    "port": 1,
    "busAddress": 1,
    "ct": 1,
    "pt": 1,
    "remark": None,
    "account": {"state": "OPEN", "openedAt": None, "customer": {"name": "张三", "phone": None}},
    "controlModeObserved": "PREPAID",
    "relayReadAt": None,
    "lastHeardAt": "2026-11-20T02:00:00+00:00",
    "readingIntervalMinutes": None,
    "openOrder": None,
    "reading": {**ROW["reading"], "purchaseCount": 6, "remaining": {"amount": "41.25", "currency": "CNY"}},
}


@pytest.fixture(scope="session")
def make_meter() -> Callable[..., Meter]:
    """A row of the table; keywords are fields of the answer."""

    def make(**fields: Any) -> Meter:
        return Meter.of({**ROW, **fields})

    return make


@pytest.fixture
def detail() -> MeterDetail:
    """A meter as its own page gets it."""
    return MeterDetail.of(DETAIL)
