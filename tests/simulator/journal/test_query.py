from typing import Any

from prewatt_fixtures.wire import vendor
from prewatt_fixtures.wire.pdu import read_holding
from prewatt_simulator.journal.journal import Entry, Journal, Verdict


def test_every_request_is_recorded_with_time_bus_and_reply(master_of: Any, opened: Any) -> None:
    master = master_of(opened)
    master.clock.advance(2)
    reply = master.ask(read_holding(0x0221, 1))
    (entry,) = master.farm.journal
    assert entry == Entry(
        at=master.clock.time(),
        gateway="001001",
        port=1,
        unit=1,
        meter="0010010101",
        verdict=Verdict.ANSWERED,
        request=read_holding(0x0221, 1),
        reply=reply,
        fault=None,
    )


def test_requests_are_filtered_by_bus_function_and_verdict(master_of: Any, opened: Any) -> None:
    master = master_of(opened, opened)
    master.ask(read_holding(0, 2))
    master.ask(read_holding(0, 2), unit=2)
    master.ask(read_holding(0, 2), unit=9)
    master.command(vendor.TopUp(100, 7), unit=2)
    journal = master.farm.journal
    assert len(journal.requests()) == len(journal) == 4
    assert [entry.unit for entry in journal.requests(meter="0010010102")] == [2, 2]
    assert [entry.unit for entry in journal.requests(function=0x20)] == [2]
    assert [entry.unit for entry in journal.requests(verdict=Verdict.ABSENT)] == [9]
    assert journal.requests(gateway="001001", port=2) == []
    assert journal.writes("0010010102") == journal.requests(function=0x20)
    assert journal.writes("0010010101") == []


def test_it_keeps_the_newest_entries_up_to_its_size(master_of: Any, opened: Any) -> None:
    bus = master_of(opened).farm.bus("001001")
    journal = Journal(entries_max=3)
    for at in range(10):
        journal.record((float(at), bus, 1, Verdict.ANSWERED, b"\3", b"\3", None))
    assert [entry.at for entry in journal] == [7, 8, 9]
    journal.clear()
    assert len(journal) == 0
