"""A network that rejects, delays and loses messages; a modem that is unplugged; random unsolicited lines."""

from typing import Any

import pytest

from prewatt_fixtures.bounds import SettingRefused
from prewatt_simulator.errors import FaultRuleError
from prewatt_simulator.modem import SmsFault

NUMBER = "+8613800138000"
OTHER = "+8613900139000"
SENT = "\r\n+CMGS: {}\r\n\r\nOK\r\n"


@pytest.fixture
def hello(submit: Any) -> Any:
    return submit(NUMBER, "hello", report=True)


def test_a_rejected_message_does_not_arrive(console: Any, submit: Any, hello: Any) -> None:
    rule = console.modem.network.add(SmsFault(kind="reject", cause=38, number=NUMBER, count=1, skip=1))
    assert console.send(hello) == SENT.format(210)
    assert console.send(submit(OTHER, "hello")) == SENT.format(211)
    assert console.send(hello) == "\r\n+CMS ERROR: 38\r\n"
    assert console.send(hello) == SENT.format(213)
    assert rule.fired == 1
    assert [message.references for message in console.modem.inbox] == [(210,), (211,), (213,)]


def test_cmee_2_gives_errors_as_text(console: Any, hello: Any) -> None:
    console.modem.network.add(SmsFault(kind="reject", cause=38))
    console.type("AT+CMEE=2\r")
    assert console.send(hello) == "\r\n+CMS ERROR: Network out of order\r\n"


def test_a_lost_answer_leaves_the_message_delivered(console: Any, hello: Any) -> None:
    console.type("AT+CNMI=2,0,0,1,0\r")
    console.modem.network.add(SmsFault(kind="lose-answer", delay_s=30, count=1))
    assert console.send(hello) == ""
    told = console.pass_time(30)
    assert told.startswith("\r\n+CMS ERROR: 332\r\n\r\n+CDS: 26\r\n")
    assert [message.text for message in console.modem.inbox] == ["hello"]


def test_a_slow_message_delays_the_next_once(console: Any, hello: Any) -> None:
    console.modem.network.add(SmsFault(kind="slow", delay_s=12, count=1))
    assert console.send(hello) == ""
    assert console.pass_time(12) == SENT.format(210)
    assert console.send(hello) == SENT.format(211)


def test_an_undelivered_message_has_its_status_in_the_report(console: Any, hello: Any) -> None:
    console.type("AT+CNMI=2,0,0,1,0\r")
    console.modem.network.add(SmsFault(kind="undelivered", count=1))
    told = console.send(hello)
    assert told.startswith(SENT.format(210))
    assert told.endswith("46\r\n")
    assert len(console.modem.inbox) == 0


def test_a_lost_report_leaves_the_message_delivered(console: Any, hello: Any) -> None:
    console.type("AT+CNMI=2,0,0,1,0\r")
    console.modem.network.add(SmsFault(kind="lose-report"))
    assert console.send(hello) == SENT.format(210)
    assert len(console.modem.inbox) == 1


@pytest.mark.parametrize("registration", [0, 2, 3, 4])
def test_without_registration_nothing_is_sent(console: Any, hello: Any, registration: int) -> None:
    console.modem.network.registration = registration
    assert console.send(hello) == "\r\n+CMS ERROR: 331\r\n"
    console.modem.network.registration = 5
    assert console.send(hello) == SENT.format(210)


def test_losing_signal_while_sending_is_a_time_out(console: Any, hello: Any) -> None:
    console.modem.network.answer_s = 5
    console.send(hello)
    console.modem.network.signal = None
    assert console.pass_time(5) == "\r\n+CMS ERROR: 332\r\n"
    assert len(console.modem.inbox) == 0


def test_probability_comes_from_the_seed(console_of: Any, hello: Any) -> None:
    told = []
    for seed in (1, 1, 2):
        console = console_of(seed=seed)
        console.modem.network.add(SmsFault(kind="reject", cause=42, probability=0.5))
        told.append(["42" in console.send(hello).split()[-1] for _ in range(40)])
    assert told[0] == told[1] != told[2]
    assert 5 < sum(told[0]) < 35


def test_rules_can_be_removed(console: Any, hello: Any) -> None:
    network = console.modem.network
    first = network.add(SmsFault(kind="reject", cause=1))
    network.add(SmsFault(kind="reject", cause=8))
    network.remove(first)
    network.remove(first)
    assert console.send(hello) == "\r\n+CMS ERROR: 8\r\n"
    network.clear()
    assert console.send(hello).endswith("OK\r\n")


@pytest.mark.parametrize(
    ("keys", "key"),
    [
        ({"kind": "explode"}, "kind"),
        ({"kind": "reject"}, "cause"),
        ({"kind": "reject", "cause": 512}, "cause"),
        ({"kind": "slow", "delay_s": 1, "cause": 38}, "cause"),
        ({"kind": "slow"}, "delay_s"),
        ({"kind": "slow", "delay_s": -1}, "delay_s"),
        ({"kind": "lose-report", "delay_s": 1}, "delay_s"),
        ({"kind": "lose-report", "status": 70}, "status"),
        ({"kind": "undelivered", "status": 0}, "status"),
        ({"kind": "lose-report", "probability": 0}, "probability"),
        ({"kind": "lose-report", "count": 0}, "count"),
        ({"kind": []}, "kind"),
        ({"kind": "reject", "cause": "38"}, "cause"),
        ({"kind": "slow", "delay_s": float("nan")}, "delay_s"),
        ({"kind": "slow", "delay_s": 1, "probability": "1"}, "probability"),
        ({"kind": "lose-report", "count": True}, "count"),
    ],
)
def test_a_rule_that_cannot_apply_is_refused(keys: dict[str, Any], key: str) -> None:
    with pytest.raises(FaultRuleError) as refused:
        SmsFault(**keys)
    assert refused.value.key == key


@pytest.mark.parametrize("signal", [32, -1, "20", True, 1.5])
def test_a_signal_out_of_range_is_refused(console: Any, signal: Any) -> None:
    with pytest.raises(SettingRefused, match="signal: None or a number from 0 to 31, not "):
        console.modem.network.signal = signal
    assert console.modem.network.signal == 20


@pytest.mark.parametrize("every_s", [0, -1, float("inf"), float("nan"), "1"])
def test_noise_without_end_is_refused(console: Any, every_s: Any) -> None:
    with pytest.raises(SettingRefused, match="every_s: seconds from "):
        console.modem.make_noise(every_s)


def test_an_unplugged_modem_sends_nothing_and_loses_its_settings(console: Any, hello: Any) -> None:
    console.modem.network.answer_s = 5
    console.type("AT+CMEE=2\r")
    console.send(hello)
    console.modem.unplug()
    assert console.type("AT\r") == ""
    assert console.pass_time(5) == ""
    console.modem.plug_in()
    assert console.heard() == ""
    assert console.type("AT+CMEE?\r") == "AT+CMEE?\r\r\n+CMEE: 0\r\n\r\nOK\r\n"
    assert len(console.modem.inbox) == 0


def test_noise_comes_from_the_seed_and_waits_for_the_end_of_a_line(console_of: Any, hello: Any) -> None:
    heard = []
    for seed in (1, 1, 2):
        console = console_of(seed=seed)
        console.modem.make_noise(every_s=10)
        heard.append("".join(console.pass_time(1) for _ in range(300)))
        length, pdu = hello
        console.type(f"AT+CMGS={length}\r")
        assert "".join(console.pass_time(1) for _ in range(100)) == ""
        told = console.type(f"{pdu}\x1a")
        assert told.startswith("\r\n+CMGS: ")
        assert len(told.split("\r\n")) > 6
        console.modem.make_noise(None)
        assert "".join(console.pass_time(1) for _ in range(100)) == ""
    assert heard[0] == heard[1] != heard[2]
    assert 15 < heard[0].count("\r\n") // 2 < 60
    assert "RING" not in heard[0]


def test_an_emitted_line_waits_for_the_end_of_a_command(console: Any) -> None:
    console.type("A")
    console.modem.emit("^RSSI:18")
    assert console.heard() == ""
    assert console.type("T\r") == "\r\nOK\r\n\r\n^RSSI:18\r\n"
