"""Bytes that are no frame leave a trace, and unknown functions are answered with exception 1."""

import asyncio
from typing import Any

import pytest

from prewatt_fixtures.wire import mbap, rtu
from prewatt_fixtures.wire.pdu import read_holding
from prewatt_simulator.journal import expectations
from prewatt_simulator.journal.export import to_json_lines, to_text
from prewatt_simulator.journal.journal import BROKEN_FRAME

pytestmark = pytest.mark.anyio

READ = read_holding(0x0200, 1)
BAD_CRC = rtu.encode(1, READ)[:-1] + b"\0"
BROKEN = [
    ("rtu", BAD_CRC, BAD_CRC),
    ("rtu", BAD_CRC + rtu.encode(1, READ), BAD_CRC),
    ("rtu", rtu.encode(1, READ)[:5], rtu.encode(1, READ)[:5]),
    ("tcp", bytes.fromhex("000100010006010302000001"), bytes.fromhex("000100010006010302000001")),
    ("tcp", bytes.fromhex("00010000ffff0103"), bytes.fromhex("00010000ffff0103")),
    (
        "tcp",
        mbap.encode(7, 1, READ) + bytes.fromhex("000100010006010302000001"),
        bytes.fromhex("000100010006010302000001"),
    ),
]


@pytest.mark.parametrize(("framing", "sent", "raw"), BROKEN)
async def test_it_is_in_the_journal_with_its_bytes(
    master_of: Any, opened: Any, connected: Any, framing: Any, sent: bytes, raw: bytes
) -> None:
    farm = master_of(opened).farm
    expectations.whole_frames_only(farm.journal)
    async with farm.serving(framing=framing) as endpoints, connected(endpoints[0]) as wire:
        wire.send(sent)
        async with asyncio.timeout(20):
            while not farm.journal.port_events:  # noqa: ASYNC110 - the journal sets no event
                await asyncio.sleep(0.01)
    (event,) = farm.journal.port_events
    assert (event.what, event.raw, event.request, event.unit) == (BROKEN_FRAME, raw, b"", None)
    assert f"! bytes that are no frame {raw.hex(' ')}" in to_text(farm.journal)
    assert f'"bytes": "{raw.hex()}"' in to_json_lines(farm.journal)
    with pytest.raises(expectations.ClientMisbehaved, match="1 times bytes came that are no frame"):
        expectations.whole_frames_only(farm.journal)


@pytest.mark.parametrize("pdu", ["08000000a5", "11", "1700000001000100010200ff", "2b0e0100"])
async def test_an_unknown_function_in_two_segments_is_answered(
    master_of: Any, opened: Any, connected: Any, pdu: str
) -> None:
    farm = master_of(opened).farm
    frame = rtu.encode(1, bytes.fromhex(pdu))
    async with farm.serving(framing="rtu") as endpoints, connected(endpoints[0]) as wire:
        wire.send(frame[:2])
        await wire.writer.drain()
        wire.send(frame[2:] + rtu.encode(1, READ))
        refused = rtu.encode(1, bytes((int(pdu[:2], 16) | 0x80, 1)))
        assert await wire.receive(len(refused)) == refused
        assert await wire.receive(7) == rtu.encode(1, b"\x03\x02\0\7")
    expectations.whole_frames_only(farm.journal)
