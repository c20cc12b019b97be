"""The journal over HTTP: query, paging, export, clearing."""

import asyncio
import json
from typing import Any

import pytest

from prewatt_fixtures.wire import rtu
from prewatt_fixtures.wire.pdu import read_holding, write_multiple
from prewatt_simulator.control.numbering import Numbering
from prewatt_simulator.journal.export import to_json_lines, to_text
from prewatt_simulator.journal.journal import Journal
from prewatt_simulator.journal.pcapng import to_pcapng

pytestmark = pytest.mark.anyio
PREPAID, PLAIN = "0010010101", "0010010102"


@pytest.fixture
def asked(api: Any) -> Any:
    """Ten reads of the first meter, a minute apart, then a write, a read of the second and one of nobody."""
    for _ in range(10):
        api.master.ask(read_holding(0, 2))
        api.clock.advance(60)
    api.master.ask(write_multiple(0x57, bytes((0, 1, 0, 1))))
    api.master.ask(read_holding(0, 2), unit=2)
    api.master.ask(read_holding(0, 2), unit=99)
    return api


async def test_an_entry_has_request_reply_and_verdict(asked: Any) -> None:
    first, *_, absent = (await asked.ask("GET", "/journal"))["entries"]
    assert first == {
        "number": 1, "at": "2021-12-27T16:00:00Z", "gateway": "001001", "port": 1, "unit": 1, "meter": PREPAID,
        "function": 3, "verdict": "answered", "fault": None, "request": "0300000002",
        "request_text": "read registers 0000H-0001H", "reply": "030400002710", "reply_text": "0000 2710",
        "took_s": 0.0, "sent": None,
    }  # fmt: skip
    assert (absent["number"], absent["meter"], absent["verdict"], absent["reply"]) == (
        13,
        None,
        "absent",
        None,
    )


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        (f"meter={PLAIN}", [12]),
        ("function=16", [11]),
        ("verdict=absent", [13]),
        ("gateway=001001&port=2", []),
        ("since=2021-12-27T16:09:00Z", [10, 11, 12, 13]),
        (f"since=2021-12-27T16:09:00Z&meter={PREPAID}&function=3", [10]),
        ("after=11", [12, 13]),
    ],
)
async def test_entries_are_filtered_by_their_fields(asked: Any, query: str, numbers: list[int]) -> None:
    found = await asked.ask("GET", f"/journal?{query}")
    assert [entry["number"] for entry in found["entries"]] == numbers
    assert (found["last"], found["more"]) == (13, False)


async def test_pages_are_contiguous_and_continue_with_later_entries(asked: Any) -> None:
    seen, after, more = [], 0, True
    while more:
        page = await asked.ask("GET", f"/journal?meter={PREPAID}&limit=4&after={after}")
        seen += [entry["number"] for entry in page["entries"]]
        after, more = page["last"], page["more"]
    assert seen == list(range(1, 12))
    assert after == 13
    asked.master.ask(read_holding(0, 2))
    page = await asked.ask("GET", f"/journal?after={after}")
    assert [entry["number"] for entry in page["entries"]] == [14]


async def test_exports_equal_those_of_python(asked: Any) -> None:
    for name, expected in (
        ("txt", to_text(asked.farm.journal).encode()),
        ("jsonl", to_json_lines(asked.farm.journal).encode()),
        ("pcapng", to_pcapng(asked.farm.journal, "rtu")),
    ):
        answer = await asked.http.get(f"/journal.{name}")
        assert (answer.status_code, answer.content) == (200, expected)
        assert answer.headers["content-type"] != "application/json"


async def test_an_export_does_not_block_the_farm(api: Any) -> None:
    for _ in range(3000):
        api.master.ask(read_holding(0, 10))
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    others = asyncio.create_task(take_turns())
    assert (await api.http.get("/journal.jsonl")).status_code == 200
    others.cancel()
    assert turns > 100, "of which an export in the farm's own thread would leave a handful"


async def test_clearing_keeps_the_numbering(asked: Any) -> None:
    await asked.ask("GET", "/journal")
    await asked.ask("DELETE", "/journal", status=204)
    assert (await asked.ask("GET", "/journal"))["entries"] == []
    asked.master.ask(read_holding(0, 2))
    (entry,) = (await asked.ask("GET", "/journal?after=13"))["entries"]
    assert entry["number"] > 14, "a gap tells that something is gone"


async def test_malformed_bytes_are_listed(api: Any, connected: Any) -> None:
    bad = rtu.encode(1, read_holding(0, 2))[:-1] + b"\0"
    async with connected(api.endpoints[0]) as wire:
        wire.send(bad + rtu.encode(1, read_holding(0, 2)))
        await wire.receive(9)
    (entry,) = (await api.ask("GET", "/journal?verdict=bad-crc"))["entries"]
    assert (entry["unit"], entry["meter"], entry["function"]) == (None, None, None)
    assert entry["request"] == entry["request_text"] == bad.hex()


async def test_port_events_are_listed(api: Any, connected: Any) -> None:
    await api.ask("POST", "/faults", {"kind": "refuse-client", "count": 1}, 201)
    endpoint = api.endpoints[0]
    async with connected(endpoint) as wire:
        assert await wire.ended()
    (happened,) = (await api.ask("GET", "/journal/port-events"))["events"]
    assert (happened["what"], happened["fault"]) == ("client refused", "refuse-client-1")
    assert json.dumps(happened)


@pytest.mark.parametrize(
    ("query", "key"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("after=-1", "after"),
        ("verdict=lost", "verdict"),
        ("since=2021-12-27T15:59:59Z", "since"),
        ("since=2021-12-27T16:00:00", "since"),
        ("metre=1", "metre"),
        ("port=1&port=2", "port"),
        ("function=x", "function"),
    ],
)
async def test_an_invalid_query_is_refused(asked: Any, query: str, key: str) -> None:
    assert (await asked.refused("GET", f"/journal?{query}"))[0] == key


class TestNumbers:
    @pytest.fixture
    def journal(self) -> Journal:
        return Journal(entries_max=5)

    def record(self, journal: Journal, *requests: int) -> None:
        for request in requests:
            journal.record((0.0, None, 1, None, bytes((3, request)), None, None))  # type: ignore[arg-type]  # only the request counts

    def test_numbers_stay_when_old_entries_are_dropped(self, journal: Journal) -> None:
        numbering = Numbering(journal)
        self.record(journal, 1, 2, 3)
        assert [number for number, _ in numbering.numbered()] == [1, 2, 3]
        self.record(journal, 4, 5, 6, 7)
        assert [(number, record[4][1]) for number, record in numbering.numbered()] == [
            (3, 3), (4, 4), (5, 5), (6, 6), (7, 7),
        ]  # fmt: skip

    def test_a_gap_shows_that_entries_were_dropped(self, journal: Journal) -> None:
        numbering = Numbering(journal)
        self.record(journal, 1)
        numbering.numbered()
        self.record(journal, *range(2, 12))
        numbers = [number for number, _ in numbering.numbered()]
        assert numbers[0] > 2
        assert numbers == list(range(numbers[0], numbers[0] + 5))

    def test_an_equal_request_is_another_entry(self, journal: Journal) -> None:
        numbering, same = Numbering(journal), read_holding(0, 2)
        for expected in range(1, 4):
            journal.record((0.0, None, 1, None, same, None, None))  # type: ignore[arg-type]  # only the request counts
            assert [number for number, _ in numbering.numbered()] == list(range(1, expected + 1))
