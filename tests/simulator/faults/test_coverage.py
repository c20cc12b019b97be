"""Every wire and meter fault of the fault matrix is available as a rule, and every kind is part of a row.

Rows of the matrix about processes, databases and people concern other packages.
"""

from datetime import UTC, datetime
from typing import Any

import pytest

from prewatt_fixtures.wire import vendor
from prewatt_fixtures.wire.pdu import READ_HOLDING, read_holding
from prewatt_simulator.faults import Fault, FaultKind
from prewatt_simulator.faults.rule import CALL_KINDS, CONNECTION_KINDS, LINE_KINDS

METER = "0010010101"
MOMENT = datetime(2022, 1, 1, tzinfo=UTC)

MATRIX: dict[str, list[dict[str, Any]]] = {
    "F4 request lost": [{"kind": "lose-request", "probability": 0.5}],
    "F5 applied, reply lost": [{"kind": "lose-reply"}],
    "F6 frame duplicated": [{"kind": "repeat-request"}, {"kind": "duplicate-reply"}],
    "F7 frame delayed past the time-out": [
        {"kind": "delay-request", "delay_s": 86_400.0},
        {"kind": "delay-reply", "delay_s": 86_400.0},
    ],
    "F8 replies reordered or late": [{"kind": "swap-replies"}, {"kind": "cross-reply"}],
    "another master's replies": [{"kind": "share-replies"}],
    "F9 damaged frames": [
        {"kind": "flip-bit"},
        {"kind": "bad-crc"},
        {"kind": "truncate"},
        {"kind": "extra-bytes"},
        {"kind": "junk-before"},
        {"kind": "split-reply"},
        {"kind": "join-replies"},
        {"kind": "wrong-unit"},
        {"kind": "wrong-function"},
        {"kind": "wrong-length"},
        {"kind": "wrong-value"},
        {"kind": "corrupt-request"},
        {"kind": "echo"},
        {"kind": "noise"},
        {"kind": "collide"},
        {"kind": "second-master", "every_s": 10.0},
    ],
    "F10 power cut inside a write": [
        {"kind": "torn-write", "applied": 1},
        {"kind": "torn-write", "applied": -1, "lasts_s": 30.0},
    ],
    "F11 torn read": [{"kind": "torn-read"}],
    "F12 exceptions": [
        {"kind": "exception", "code": code} for code in (0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0A, 0x0B)
    ],
    "F13 replaced, reset, topped up by others": [
        {"kind": "replace-meter", "meter": METER},
        {"kind": "set-purchase-count", "meter": METER, "purchase_count": 0},
        {"kind": "foreign-top-up", "meter": METER, "amount_fen": 1000},
    ],
    "F14 counter at its end": [{"kind": "set-purchase-count", "meter": METER, "purchase_count": 65_533}],
    "energy counter at its end": [{"kind": "near-rollover", "meter": METER, "counts_left": 50}],
    "F15 relay": [
        {"kind": "lose-reply", "function": 0x10},
        {"kind": "weld-relay", "meter": METER, "relay": "closed"},
        {"kind": "switch-relay", "meter": METER, "relay": "open"},
    ],
    "F16 gateway or meter away, half-open, a byte a second": [
        {"kind": "dead-gateway", "gateway": "001001"},
        {"kind": "dead-meter", "meter": METER},
        {"kind": "refuse-client"},
        {"kind": "half-open"},
        {"kind": "split-reply", "size": 1, "delay_s": 1.0},
    ],
    "F17 all reconnect at once": [
        {"kind": "disconnect"},
        {"kind": "reboot-gateway", "lasts_s": 30.0},
        {"kind": "kick-first-client"},
        {"kind": "refuse-second-client"},
    ],
    "F18 two gateways claim one id, one replays a session": [
        {"kind": "claim-id", "gateway": "001001", "claims": "001002"},
        {"kind": "replay-session", "gateway": "001001"},
    ],
    "F19 a backlog out of order, with duplicates": [{"kind": "backlog", "count": 8}],
    "F20 a gateway restarts and has lost what it held": [{"kind": "reboot-gateway"}],
    "F21 clocks": [
        {"kind": "jump-clock", "meter": METER, "jump_s": 3600.0},
        {"kind": "jump-clock", "meter": METER, "jump_s": -3600.0},
        {"kind": "drift-clock", "meter": METER, "drift_ppm": 86},
    ],
    "a meter that repeats an old register picture": [{"kind": "stale", "meter": METER}],
    "the meter's own power": [{"kind": "reboot-meter", "lasts_s": 30.0}],
}
RULES = [(row, keys) for row, rules in MATRIX.items() for keys in rules]


def test_every_kind_is_in_the_matrix() -> None:
    assert {keys["kind"] for _, keys in RULES} == set(FaultKind)


@pytest.mark.parametrize(("row", "keys"), RULES)
def test_every_rule_hits_and_is_recorded(master_of: Any, opened: Any, row: str, keys: dict[str, Any]) -> None:
    calls = 'kind = "manager"\ndial = { host = "headend", tcp = 7000 }' if keys["kind"] in CALL_KINDS else ""
    master = master_of(opened, wire_timing=True, gateway=calls)
    rule = master.farm.faults.add(Fault(**({"count": 1} | keys)))
    if rule.fault.kind in CONNECTION_KINDS:
        assert master.farm.faults.client_hit("001001", 1, master.clock.time(), others=True) is rule
        return
    if rule.fault.kind in CALL_KINDS:
        assert master.farm.faults.call_hit("001001", 1, master.clock.time(), called_before=True) is rule
        return
    if rule.fault.kind in LINE_KINDS:
        now_s = master.clock.time()
        assert master.farm.faults.line_hit("001001", 1, now_s, now_s + 10) is rule
        return
    function = keys.get("function", READ_HOLDING)
    request = read_holding(0, 2) if function == READ_HOLDING else bytes.fromhex("10 0057 0001 02 0000")
    for _ in range(100):
        master.ask(request)
        master.ask(vendor.encode_request(vendor.TopUp(100, 7)))
    assert rule.fired, row
    assert {entry.fault for entry in master.farm.journal.faulted()} == {rule.name}
