"""The serial server on real sockets: framing, silence, order, exceptions."""

import asyncio
from typing import Any

import pytest

from prewatt_fixtures.wire import mbap, rtu, vendor
from prewatt_fixtures.wire.pdu import read_holding, write_multiple

pytestmark = pytest.mark.anyio

READ = read_holding(0x0221, 1)
COUNT_6 = b"\x03\x02\0\6"
SENTINEL = rtu.encode(1, READ)
"""A request whose answer proves that whatever was asked before it got none."""


@pytest.fixture
def farm(master_of: Any, opened: Any) -> Any:
    return master_of(opened, opened).farm


class TestRtu:
    async def test_a_request_is_answered_with_unit_pdu_and_crc(self, farm: Any, served: Any) -> None:
        async with served(farm) as wire:
            wire.send(rtu.encode(2, READ))
            assert await wire.receive(7) == rtu.encode(2, COUNT_6)

    @pytest.mark.parametrize(
        "silent",
        [
            rtu.encode(3, READ),
            rtu.encode(247, READ),
            rtu.encode(0, write_multiple(0x0061, b"\0\5")),
            rtu.encode(0, READ),
            rtu.encode(1, READ)[:-1] + b"\0",
            b"\0\0\0",
        ],
        ids=["foreign", "foreign, last", "broadcast write", "broadcast read", "bad CRC", "junk"],
    )
    async def test_a_frame_for_an_absent_device_is_ignored_and_the_next_answered(
        self, farm: Any, served: Any, silent: bytes
    ) -> None:
        async with served(farm) as wire:
            wire.send(silent)
            wire.send(SENTINEL)
            assert await wire.receive(7) == rtu.encode(1, COUNT_6)

    async def test_two_frames_in_one_segment_are_answered_in_order(self, farm: Any, served: Any) -> None:
        async with served(farm) as wire:
            wire.send(rtu.encode(2, read_holding(0x0221, 2)) + rtu.encode(1, READ))
            assert await wire.receive(16) == rtu.encode(2, b"\x03\x04\0\6\0\0") + rtu.encode(1, COUNT_6)

    async def test_a_frame_in_pieces_is_answered_once_it_is_whole(self, farm: Any, served: Any) -> None:
        async with served(farm) as wire:
            for byte in SENTINEL:
                wire.send(bytes((byte,)))
            assert await wire.receive(7) == rtu.encode(1, COUNT_6)

    async def test_silence_ends_an_incomplete_frame(self, farm: Any, served: Any) -> None:
        """A head that announces 246 bytes would swallow the good frame behind it, if nothing told that it is over."""
        async with served(farm) as wire:
            wire.send(b"\1\x10\0\0\0\x7b\xf6" + SENTINEL)
            assert await wire.receive(7) == rtu.encode(1, COUNT_6)

    async def test_an_unknown_function_is_exception_1_on_its_own_code(self, farm: Any, served: Any) -> None:
        async with served(farm) as wire:
            wire.send(rtu.encode(1, b"\x64\1\2\3"))
            assert await wire.receive(5) == rtu.encode(1, b"\xe4\x01")

    @pytest.mark.parametrize("function", [43, 17, 8, 23])
    async def test_an_unknown_function_in_two_segments_is_exception_1_and_the_next_is_answered(
        self, farm: Any, served: Any, function: int
    ) -> None:
        data = rtu.encode(1, bytes((function, 1, 2, 3)))
        async with served(farm) as wire:
            wire.send(data[:3])
            await asyncio.sleep(0)
            wire.send(data[3:] + SENTINEL)
            assert await wire.receive(12) == rtu.encode(1, bytes((function | 0x80, 1))) + rtu.encode(
                1, COUNT_6
            )

    async def test_a_top_up_gets_the_15_byte_answer(self, farm: Any, served: Any) -> None:
        request = vendor.encode_request(vendor.TopUp(5000, 7))
        async with served(farm) as wire:
            wire.send(rtu.encode(1, request))
            reply = await wire.receive(15)
        assert reply == rtu.encode(1, vendor.encode_reply(request, vendor.VendorResult.DONE, 9125))
        assert farm.meter("0010010101").purchase_count == 7


class TestTcp:
    async def test_transaction_and_unit_come_back(self, farm: Any, served: Any) -> None:
        async with served(farm, "tcp") as wire:
            wire.send(mbap.encode(0xBEEF, 2, READ))
            assert await wire.receive(11) == mbap.encode(0xBEEF, 2, COUNT_6)

    async def test_an_unknown_unit_is_exception_0b(self, farm: Any, served: Any) -> None:
        async with served(farm, "tcp") as wire:
            wire.send(mbap.encode(7, 9, READ))
            assert await wire.receive(9) == mbap.encode(7, 9, b"\x83\x0b")

    async def test_frames_joined_and_split_are_answered_in_order(self, farm: Any, served: Any) -> None:
        frames = b"".join(mbap.encode(number, 1 + number % 2, READ) for number in range(20))
        async with served(farm, "tcp") as wire:
            wire.send(frames[:17])
            wire.send(frames[17:])
            answers = b"".join(mbap.encode(number, 1 + number % 2, COUNT_6) for number in range(20))
            assert await wire.receive(len(answers)) == answers

    async def test_a_broadcast_is_applied_and_not_answered(self, farm: Any, served: Any) -> None:
        async with served(farm, "tcp") as wire:
            wire.send(mbap.encode(1, 0, write_multiple(0x0061, b"\0\5")))
            wire.send(mbap.encode(2, 1, read_holding(0x0061, 1)))
            assert await wire.receive(11) == mbap.encode(2, 1, b"\x03\x02\0\5")

    @pytest.mark.parametrize("header", [b"\0\1\0\1\0\6", b"\0\1\0\0\xff\xff", b"\0\1\0\0\0\0"])
    async def test_a_malformed_header_ends_the_connection(
        self, farm: Any, served: Any, header: bytes
    ) -> None:
        async with served(farm, "tcp") as wire:
            wire.send(header + b"\1\3\0\0\0\1")
            assert await wire.ended()

    async def test_frames_before_a_malformed_header_are_answered(self, farm: Any, served: Any) -> None:
        async with served(farm, "tcp") as wire:
            wire.send(mbap.encode(5, 2, READ) + b"\0\1\0\1\0\6\1\3\0\0\0\1")
            assert await wire.receive(11) == mbap.encode(5, 2, COUNT_6)
            assert await wire.ended()
