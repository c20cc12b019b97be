"""Fault rules: where and how often they hit, and that the journal records them."""

from datetime import UTC, datetime, timedelta
from math import inf, nan
from typing import Any

import pytest

from prewatt_fixtures.errors import SiteError
from prewatt_fixtures.wire import vendor
from prewatt_fixtures.wire.pdu import read_holding
from prewatt_simulator.errors import FaultRuleError
from prewatt_simulator.faults import Fault, FaultKind, fault_from_words
from prewatt_simulator.line.bus import NO_DEVICE

READ = read_holding(0, 2)
TOP_UP = vendor.encode_request(vendor.TopUp(5000, 7))
METER = "0010010101"


@pytest.fixture
def master(master_of: Any, opened: Any) -> Any:
    return master_of(opened, opened)


def test_a_lost_request_does_not_reach_the_meter(master: Any) -> None:
    master.farm.faults.add(Fault(kind="lose-request", function=0x20, count=1))
    assert master.ask(TOP_UP) is None
    assert master.meter().purchase_count == 6
    assert master.ask(TOP_UP) is not None
    assert master.meter().purchase_count == 7


def test_a_lost_reply_leaves_the_meter_changed(master: Any) -> None:
    master.farm.faults.add(Fault(kind="lose-reply", function=0x20, count=1))
    assert master.ask(TOP_UP) is None
    assert master.meter().purchase_count == 7
    (entry,) = master.farm.journal.faulted()
    assert (entry.verdict, entry.fault, entry.meter) == ("reply-lost", "lose-reply-1", METER)
    assert vendor.decode_reply(entry.reply).result is vendor.VendorResult.DONE


def test_a_delayed_reply_is_applied_at_once_and_held_back(master: Any) -> None:
    master.farm.faults.add(Fault(kind="delay-reply", delay_s=2.5))
    reply, outcome = master.farm.bus("001001").exchange(1, TOP_UP, master.clock.time())
    assert outcome.held_s == 2.5
    assert master.meter().purchase_count == 7
    assert master.farm.journal.faulted()[0].reply == reply


def test_a_dead_meter_has_the_verdict_absent(master: Any) -> None:
    master.farm.faults.add(Fault(kind="dead-meter", meter=METER))
    assert master.ask(READ) is NO_DEVICE
    assert master.ask(READ, unit=2) is not NO_DEVICE


def test_a_dead_gateway_answers_nothing(master: Any) -> None:
    handle = master.farm.faults.add(Fault(kind="dead-gateway", gateway="001001"))
    assert [master.ask(READ, unit) for unit in (0, 1, 2, 9)] == [None] * 4
    assert handle.fired == 4
    master.farm.faults.remove(handle)
    assert master.ask(READ) is not None


@pytest.mark.parametrize(
    ("place", "affected"),
    [
        ({}, [True, True, True, True]),
        ({"meter": METER}, [True, False, True, True]),
        ({"gateway": "001001", "port": 2}, [False] * 4),
        ({"function": 0x20}, [False, False, False, True]),
        ({"register": 1}, [True, True, False, False]),
        ({"register": 2}, [False, False, True, False]),
        ({"register": 0x0103}, [False, False, False, True]),
    ],
)
def test_a_rule_hits_in_its_place_only(master: Any, place: dict[str, Any], affected: list[bool]) -> None:
    master.farm.faults.add(Fault(kind="lose-request", **place))
    asked = [(READ, 1), (READ, 2), (read_holding(2, 2), 1), (TOP_UP, 1)]
    assert [master.ask(request, unit) is None for request, unit in asked] == affected


def test_skip_lets_frames_pass_and_count_ends_the_rule(master: Any) -> None:
    handle = master.farm.faults.add(Fault(kind="lose-request", skip=2, count=3))
    assert [master.ask(READ) is None for _ in range(8)] == [False] * 2 + [True] * 3 + [False] * 3
    assert handle.fired == 3


def test_probability_comes_from_the_seed(master_of: Any, opened: Any) -> None:
    def affected(seed: int) -> list[bool]:
        master = master_of(opened, seed=seed)
        master.farm.faults.add(Fault(kind="lose-request", probability=0.5))
        return [master.ask(READ) is None for _ in range(200)]

    assert affected(1) == affected(1) != affected(2)
    assert 60 < sum(affected(1)) < 140


def test_the_first_rule_that_hits_wins_and_clear_ends_all(master: Any) -> None:
    first = master.farm.faults.add(Fault(kind="lose-request", count=1))
    second = master.farm.faults.add(Fault(kind="lose-reply"))
    master.ask(READ)
    master.ask(READ)
    assert (first.fired, second.fired) == (1, 1)
    master.farm.faults.clear()
    assert master.ask(READ) is not None


@pytest.mark.parametrize(
    ("keys", "key"),
    [
        ({"kind": "explode"}, "kind"),
        ({"kind": "delay-reply"}, "delay_s"),
        ({"kind": "lose-reply", "delay_s": 1.0}, "delay_s"),
        ({"kind": "delay-reply", "delay_s": -1.0}, "delay_s"),
        ({"kind": "delay-reply", "delay_s": inf}, "delay_s"),
        ({"kind": "delay-reply", "delay_s": nan}, "delay_s"),
        ({"kind": "jump-clock", "jump_s": -inf, "meter": METER}, "jump_s"),
        ({"kind": "foreign-top-up", "amount_fen": 2**31, "meter": METER}, "amount_fen"),
        ({"kind": "lose-reply", "probability": 0.0}, "probability"),
        ({"kind": "lose-reply", "count": 0}, "count"),
        ({"kind": "dead-gateway"}, "gateway"),
        ({"kind": "dead-meter"}, "meter"),
        ({"kind": "lose-reply", "gateway": "009009"}, "gateway"),
        ({"kind": "lose-reply", "meter": "0010010133"}, "meter"),
        ({"kind": "lose-reply", "port": 9}, "port"),
        ({"kind": "lose-reply", "port": 2, "meter": METER}, "meter"),
        ({"kind": "exception"}, "code"),
        ({"kind": "exception", "code": 256}, "code"),
        ({"kind": "truncate", "size": 0}, "size"),
        ({"kind": "torn-write"}, "applied"),
        ({"kind": "torn-write", "applied": 1, "function": 3}, "function"),
        ({"kind": "torn-read", "function": 0x20}, "function"),
        ({"kind": "reboot-meter"}, "lasts_s"),
        ({"kind": "half-open", "meter": METER}, "meter"),
        ({"kind": "weld-relay", "relay": "open"}, "meter"),
        ({"kind": "weld-relay", "relay": "ajar", "meter": METER}, "relay"),
        ({"kind": "foreign-top-up", "amount_fen": 1, "meter": "0010010201"}, "meter"),
        ({"kind": "drift-clock", "drift_ppm": 0, "meter": METER}, "drift_ppm"),
        ({"kind": "lose-reply", "since": datetime(2022, 1, 1)}, "since"),
        ({"kind": "lose-reply", "since": datetime(2020, 1, 1, tzinfo=UTC)}, "since"),
        (
            {
                "kind": "lose-reply",
                "since": datetime(2022, 1, 1, tzinfo=UTC),
                "until": datetime(2022, 1, 1, tzinfo=UTC),
            },
            "until",
        ),
    ],
)
def test_a_rule_that_cannot_apply_is_refused_with_the_reason(
    master_of: Any, opened: Any, keys: dict[str, Any], key: str
) -> None:
    master = master_of(opened, second_bus=({"model": '"ADW300"'},))
    with pytest.raises(FaultRuleError) as refused:
        master.farm.faults.add(Fault(**keys))
    assert refused.value.key == key


def test_a_site_file_may_name_faults(master_of: Any, opened: Any) -> None:
    master = master_of(opened, site='[[faults]]\nkind = "lose-reply"\nfunction = 0x20\ncount = 1\n')
    assert [rule.fault.kind for rule in master.farm.faults.rules] == [FaultKind.LOSE_REPLY]
    assert master.ask(TOP_UP) is None


@pytest.mark.parametrize(
    ("row", "key"),
    [
        ('kind = "lose-reply"\nmetre = "1"', "faults.0.metre"),
        ('count = "1"\nkind = "lose-reply"', "faults.0.count"),
        ("count = 1", "faults.0.kind"),
        ('kind = "delay-reply"\ndelay_ms = 500', "faults.0.delay_ms"),
        ('kind = "lose-reply"\nsince = 2021-12-27T15:59:59Z', "faults.0.since"),
        ('kind = "lose-reply"\nuntil = 2021-12-27T16:00:00Z', "faults.0.until"),
        ('kind = "lose-reply"\nsince = 2022-01-01T00:00:00', "faults.0.since"),
        ('kind = "lose-reply"\nsince = 2022-01-01', "faults.0.since"),
        ('kind = "dead-meter"\nmeter = "0010010199"', "faults.0.meter"),
    ],
)
def test_a_wrong_fault_in_a_site_file_names_file_and_key(
    master_of: Any, opened: Any, row: str, key: str
) -> None:
    with pytest.raises(SiteError) as refused:
        master_of(opened, site=f"[[faults]]\n{row}\n", source="bench.toml")
    assert (refused.value.file, refused.value.key) == ("bench.toml", key)


def test_a_window_on_the_farms_clock_bounds_a_rule(master: Any) -> None:
    start = master.clock.now()
    since, until = start + timedelta(seconds=10), start + timedelta(seconds=20)
    master.farm.faults.add(Fault(kind="lose-request", since=since, until=until))
    affected = []
    for step_s in (9.5, 0.5, 9.5, 0.5, 0):
        affected.append(master.ask(READ) is None)
        master.clock.advance(step_s)
    assert affected == [False, False, True, True, False]


def test_a_window_that_is_over_is_refused_with_the_farms_present(master: Any) -> None:
    until = master.clock.now() + timedelta(seconds=10)
    master.farm.faults.add(Fault(kind="lose-request", until=until))
    master.clock.advance(10)
    with pytest.raises(FaultRuleError, match=r"until: a time after the farm's present \(2021-12-27T16:00:10"):
        master.farm.faults.add(Fault(kind="lose-request", until=until))


def test_reset_restores_a_rule_whose_window_is_over(master_of: Any) -> None:
    master = master_of({}, site='[[faults]]\nkind = "lose-request"\nuntil = 2021-12-27T16:00:10Z\n')
    master.clock.advance(60)
    master.farm.faults.reset()
    assert [rule.name for rule in master.farm.faults.rules] == ["lose-request-1"]


def test_reset_restores_the_rules_of_the_start(master_of: Any, opened: Any) -> None:
    master = master_of(opened, opened, site='[[faults]]\nkind = "lose-request"\nprobability = 0.5\n')

    def affected() -> list[bool]:
        return [master.ask(READ) is None for _ in range(50)]

    first = affected()
    master.farm.faults.add(Fault(kind="lose-reply"))
    master.farm.faults.add(Fault(kind="weld-relay", meter=METER, relay="open"))
    master.ask(READ)
    master.farm.faults.reset()
    assert [rule.name for rule in master.farm.faults.rules] == ["lose-request-1"]
    assert master.meter().relay_closed
    assert affected() == first


class TestWords:
    def test_a_rule_is_parsed_from_text(self) -> None:
        assert fault_from_words("kind=lose-reply, function=0x20,count=1") == Fault(
            kind="lose-reply", function=0x20, count=1
        )
        assert fault_from_words("kind=delay-reply,delay_s=2.5,since=2022-01-01T00:00:00+08:00") == Fault(
            kind="delay-reply", delay_s=2.5, since=datetime.fromisoformat("2022-01-01T00:00:00+08:00")
        )

    @pytest.mark.parametrize(
        ("words", "key"),
        [
            ("lose-reply", "lose-reply"),
            ("kind=lose-reply,count=one", "count"),
            ("kind=lose-reply,count=1,count=2", "count"),
            ("kind=lose-reply,since=tomorrow", "since"),
            ("kind=lose-reply,metre=1", "metre"),
            ("count=1", "kind"),
        ],
    )
    def test_wrong_text_is_refused_with_the_key(self, words: str, key: str) -> None:
        with pytest.raises(FaultRuleError) as refused:
            fault_from_words(words)
        assert refused.value.key == key


@pytest.mark.parametrize(
    ("keys", "other", "affected"),
    [({"kind": "torn-read"}, TOP_UP, READ), ({"kind": "torn-write", "applied": 1}, READ, TOP_UP)],
)
def test_torn_reads_and_writes_affect_their_functions_only(
    master: Any, keys: dict[str, Any], other: bytes, affected: bytes
) -> None:
    rule = master.farm.faults.add(Fault(**keys))
    assert master.ask(other) is not None
    assert rule.fired == 0
    master.ask(affected)
    assert rule.fired == 1


def test_rules_that_have_fired_cost_nothing_and_stay_listed(master: Any) -> None:
    """A long run adds thousands of rules for one frame each; later frames are not compared with them."""
    faults = master.farm.faults
    for _ in range(300):
        faults.add(Fault(kind="lose-reply", count=1))
        assert faults.acting
        assert master.ask(READ) is None
        assert not faults.acting, "the bus takes its short way again"
    assert [handle.fired for handle in faults.rules] == [1] * 300
    assert master.ask(READ) is not None
    faults.remove(faults.rules[0])
    faults.clear()
    assert faults.rules == []


def test_a_rule_that_has_fired_still_holds_what_it_took_down(master: Any) -> None:
    master.farm.faults.add(Fault(kind="reboot-meter", meter=METER, lasts_s=30, count=1))
    assert [master.ask(READ) for _ in range(3)] == [None] * 3
    assert master.farm.faults.acting
    master.clock.advance(31)
    assert master.ask(READ) is not None
    assert not master.farm.faults.acting


def test_a_rule_without_a_count_keeps_nothing_of_its_hits(master: Any) -> None:
    handle = master.farm.faults.add(Fault(kind="lose-reply"))
    kept = {name: value for name, value in vars(handle).items() if isinstance(value, list | dict | set)}
    for _ in range(500):
        master.ask(READ)
    assert handle.fired == 500
    assert {name: len(getattr(handle, name)) for name in kept} == {
        name: len(value) for name, value in kept.items()
    }
    assert sum(map(len, kept.values())) == 0
