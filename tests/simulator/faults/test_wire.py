"""Bytes that a client receives under faults, over real sockets."""

import asyncio
from typing import Any

import pytest

from prewatt_fixtures.wire import mbap, rtu, vendor
from prewatt_fixtures.wire.pdu import read_holding
from prewatt_simulator.faults import Fault

pytestmark = pytest.mark.anyio

READ = read_holding(0x0221, 1)
COUNT_6 = b"\x03\x02\0\6"
FRAME = rtu.encode(1, COUNT_6)
OTHER = rtu.encode(2, COUNT_6)


@pytest.fixture
def master(master_of: Any, opened: Any) -> Any:
    return master_of(opened, opened)


async def received(master: Any, served: Any, size: int, /, framing: str = "rtu", **fault: Any) -> bytes:
    """What arrives of one reply, and the sound reply behind it, which comes whatever became of the first."""
    master.farm.faults.add(Fault(count=1, **fault))
    frames = {
        "rtu": rtu.encode(1, READ) + rtu.encode(2, READ),
        "tcp": mbap.encode(7, 1, READ) + mbap.encode(7, 2, READ),
    }
    async with served(master.farm, framing) as wire:
        wire.send(frames[framing])
        data: bytes = await wire.receive(size)
    return data


class TestBytes:
    async def test_a_flipped_bit_is_one_bit(self, master: Any, served: Any) -> None:
        data = await received(master, served, 14, kind="flip-bit")
        changed = int.from_bytes(data[:7], "big") ^ int.from_bytes(FRAME, "big")
        assert changed.bit_count() == 1
        assert data[7:] == OTHER

    async def test_a_bad_crc_changes_the_last_two_bytes_only(self, master: Any, served: Any) -> None:
        data = await received(master, served, 14, kind="bad-crc")
        assert data[:5] == FRAME[:5]
        assert not rtu.is_whole(data[:7])
        assert data[7:] == OTHER

    async def test_bad_crc_does_not_affect_modbus_tcp(self, master: Any, served: Any) -> None:
        data = await received(master, served, 22, framing="tcp", kind="bad-crc")
        assert data == mbap.encode(7, 1, COUNT_6) + mbap.encode(7, 2, COUNT_6)

    async def test_a_truncated_reply_lacks_its_last_bytes(self, master: Any, served: Any) -> None:
        assert await received(master, served, 11, kind="truncate", size=3) == FRAME[:4] + OTHER

    async def test_extra_bytes_follow_and_junk_comes_before(self, master: Any, served: Any) -> None:
        data = await received(master, served, 17, kind="extra-bytes", size=3)
        assert (data[:7], data[10:]) == (FRAME, OTHER)
        master.farm.faults.clear()
        data = await received(master, served, 17, kind="junk-before", size=3)
        assert data[3:] == FRAME + OTHER

    async def test_a_duplicate_reply_is_sent_twice(self, master: Any, served: Any) -> None:
        assert await received(master, served, 21, kind="duplicate-reply") == FRAME + FRAME + OTHER

    @pytest.mark.parametrize(
        ("fault", "frame"),
        [
            ({"kind": "wrong-unit", "unit": 9}, rtu.encode(9, COUNT_6)),
            ({"kind": "wrong-unit"}, rtu.encode(2, COUNT_6)),
            ({"kind": "wrong-function"}, rtu.encode(1, b"\x02\x02\0\6")),
            ({"kind": "wrong-length"}, rtu.encode(1, b"\x03\x04\0\6")),
            ({"kind": "exception", "code": 6}, rtu.encode(1, b"\x83\x06")),
            ({"kind": "exception", "code": 0x0B}, rtu.encode(1, b"\x83\x0b")),
        ],
    )
    async def test_a_wrong_reply_has_a_good_crc(
        self, master: Any, served: Any, fault: dict[str, Any], frame: bytes
    ) -> None:
        assert await received(master, served, len(frame) + 7, **fault) == frame + OTHER

    async def test_a_wrong_value_arrives_in_a_valid_frame(self, master: Any, served: Any) -> None:
        data = await received(master, served, 14, kind="wrong-value")
        assert rtu.is_whole(data[:7])
        assert data[:3] == FRAME[:3]
        assert data[:7] != FRAME

    async def test_the_same_seed_damages_the_same_bytes(
        self, master_of: Any, opened: Any, served: Any
    ) -> None:
        async def damaged(seed: int) -> list[bytes]:
            master = master_of(opened, opened, seed=seed)
            for kind in ("flip-bit", "extra-bytes", "junk-before", "truncate"):
                master.farm.faults.add(Fault(kind=kind, count=1))
            async with served(master.farm) as wire:
                wire.send(rtu.encode(1, READ) * 5)
                async with asyncio.timeout(10):
                    await wire.reader.readuntil(FRAME)
                    while len(master.farm.journal) < 5:  # noqa: ASYNC110 - the farm tells nobody
                        await asyncio.sleep(0)
            return [segment for entry in master.farm.journal for segment in entry.sent or ()]

        assert await damaged(1) == await damaged(1) != await damaged(2)

    async def test_the_journal_has_the_sound_reply_and_the_bytes_that_left(
        self, master: Any, served: Any
    ) -> None:
        await received(master, served, 21, kind="duplicate-reply")
        affected, sound = master.farm.journal
        assert (affected.reply, affected.sent, affected.fault) == (
            COUNT_6,
            (FRAME + FRAME,),
            "duplicate-reply-1",
        )
        assert (sound.sent, sound.fault) == (None, None)


class TestOrder:
    async def test_a_split_reply_arrives_in_segments_some_time_apart(self, master: Any, served: Any) -> None:
        master.farm.faults.add(Fault(kind="split-reply", size=1, delay_s=1))
        async with served(master.farm) as wire:
            wire.send(rtu.encode(1, READ))
            for byte in FRAME:
                assert await wire.receive(1) == bytes((byte,))
                master.clock.advance(1)

    async def test_joined_replies_arrive_in_one_segment(self, master: Any, served: Any) -> None:
        master.farm.faults.add(Fault(kind="join-replies", count=1))
        async with served(master.farm) as wire:
            wire.send(rtu.encode(1, READ))
            while not len(master.farm.journal):  # noqa: ASYNC110 - the farm tells nobody
                await asyncio.sleep(0)
            wire.send(rtu.encode(2, READ))
            assert await wire.receive(14) == FRAME + OTHER
        assert [entry.sent for entry in master.farm.journal] == [(), (FRAME + OTHER,)]

    async def test_swapped_replies_keep_their_transactions(self, master: Any, served: Any) -> None:
        master.farm.faults.add(Fault(kind="swap-replies", count=1))
        async with served(master.farm, "tcp") as wire:
            wire.send(mbap.encode(1, 1, READ) + mbap.encode(2, 2, READ))
            assert await wire.receive(22) == mbap.encode(2, 2, COUNT_6) + mbap.encode(1, 1, COUNT_6)

    async def test_a_kept_reply_arrives_after_its_rule_was_removed(self, master: Any, served: Any) -> None:
        rule = master.farm.faults.add(Fault(kind="swap-replies", count=1))
        async with served(master.farm) as wire:
            wire.send(rtu.encode(1, READ))
            while not rule.fired:  # noqa: ASYNC110 - the farm tells nobody
                await asyncio.sleep(0)
            master.farm.faults.clear()
            wire.send(rtu.encode(2, READ))
            assert await wire.receive(14) == OTHER + FRAME

    async def test_a_late_reply_goes_to_the_next_client_of_the_port(
        self, master: Any, connected: Any
    ) -> None:
        rule = master.farm.faults.add(Fault(kind="cross-reply", count=1))
        async with master.farm.serving() as endpoints:
            async with connected(endpoints[0]) as leaving:
                leaving.send(rtu.encode(1, READ))
                while not rule.fired:  # noqa: ASYNC110 - the farm tells nobody
                    await asyncio.sleep(0)
            async with connected(endpoints[0]) as coming:
                coming.send(rtu.encode(2, READ))
                assert await coming.receive(14) == FRAME + OTHER

    async def test_a_shared_reply_goes_to_every_client_of_the_port(self, master: Any, connected: Any) -> None:
        master.farm.faults.add(Fault(kind="share-replies"))
        async with (
            master.farm.serving() as endpoints,
            connected(endpoints[0]) as asking,
            connected(endpoints[0]) as silent,
        ):
            silent.send(rtu.encode(2, READ))
            assert await silent.receive(7) == OTHER
            asking.send(rtu.encode(1, READ))
            assert await asking.receive(14) == OTHER + FRAME
            assert await silent.receive(7) == FRAME

    async def test_over_modbus_tcp_a_late_reply_has_the_next_transaction(
        self, master: Any, served: Any
    ) -> None:
        master.farm.faults.add(Fault(kind="cross-reply", count=1))
        async with served(master.farm, "tcp") as wire:
            wire.send(mbap.encode(1, 1, READ) + mbap.encode(2, 2, READ))
            assert await wire.receive(22) == mbap.encode(2, 1, COUNT_6) + mbap.encode(2, 2, COUNT_6)


class TestConnections:
    async def test_a_client_is_dropped_instead_of_answered(self, master: Any, served: Any) -> None:
        master.farm.faults.add(Fault(kind="disconnect", count=1))
        async with served(master.farm) as wire:
            wire.send(rtu.encode(1, vendor.encode_request(vendor.TopUp(5000, 7))))
            assert await wire.ended()
        assert master.meter().purchase_count == 7

    async def test_a_rebooting_gateway_drops_and_refuses_clients(self, master: Any, connected: Any) -> None:
        master.farm.faults.add(Fault(kind="reboot-gateway", count=1, lasts_s=10))
        async with master.farm.serving() as endpoints:
            async with connected(endpoints[0]) as one, connected(endpoints[0]) as other:
                one.send(rtu.encode(1, READ))
                assert await one.ended()
                assert await other.ended()
            async with connected(endpoints[0]) as early:
                assert await early.ended()
            master.clock.advance(10)
            async with connected(endpoints[0]) as late:
                late.send(rtu.encode(1, READ))
                assert await late.receive(7) == FRAME
        assert [each.fault for each in master.farm.journal.port_events] == ["reboot-gateway-1"]

    @pytest.mark.parametrize(("framing", "frame"), [("rtu", FRAME), ("tcp", mbap.encode(7, 1, COUNT_6))])
    async def test_a_half_open_connection_is_never_answered(
        self, master: Any, connected: Any, framing: Any, frame: bytes
    ) -> None:
        master.farm.faults.add(Fault(kind="half-open", count=1))
        request = rtu.encode(1, READ) if framing == "rtu" else mbap.encode(7, 1, READ)
        async with (
            master.farm.serving(framing=framing) as endpoints,
            connected(endpoints[0]) as silent,
            connected(endpoints[0]) as heard,
        ):
            silent.send(request)
            heard.send(request)
            assert await heard.receive(len(frame)) == frame
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):  # a reply would be here by now
                    await silent.reader.read(1)
        assert len(master.farm.journal) == 1

    async def test_a_second_client_is_refused(self, master: Any, connected: Any) -> None:
        master.farm.faults.add(Fault(kind="refuse-second-client"))
        async with (
            master.farm.serving() as endpoints,
            connected(endpoints[0]) as first,
        ):
            first.send(rtu.encode(1, READ))
            assert await first.receive(7) == FRAME
            async with connected(endpoints[0]) as second:
                assert await second.ended()
            first.send(rtu.encode(2, READ))
            assert await first.receive(7) == OTHER

    async def test_a_second_client_drops_the_first(self, master: Any, connected: Any) -> None:
        master.farm.faults.add(Fault(kind="kick-first-client"))
        async with master.farm.serving() as endpoints, connected(endpoints[0]) as first:
            first.send(rtu.encode(1, READ))
            assert await first.receive(7) == FRAME
            async with connected(endpoints[0]) as second:
                assert await first.ended()
                second.send(rtu.encode(1, READ))
                assert await second.receive(7) == FRAME

    async def test_every_client_is_refused_while_the_rule_is_in_force(
        self, master: Any, connected: Any
    ) -> None:
        rule = master.farm.faults.add(Fault(kind="refuse-client", gateway="001001", port=1))
        async with master.farm.serving() as endpoints:
            for _ in range(2):
                async with connected(endpoints[0]) as wire:
                    assert await wire.ended()
            assert rule.fired == 2
            master.farm.faults.remove(rule)
            async with connected(endpoints[0]) as wire:
                wire.send(rtu.encode(1, READ))
                assert await wire.receive(7) == FRAME


async def test_a_delayed_request_reaches_the_meter_later(master: Any, served: Any) -> None:
    master.farm.faults.add(Fault(kind="delay-request", function=0x20, delay_s=3600, count=1))
    async with served(master.farm) as wire:
        wire.send(rtu.encode(1, vendor.encode_request(vendor.TopUp(5000, 7))))
        wire.send(rtu.encode(1, READ))
        assert await wire.receive(7) == FRAME, "the bus is free meanwhile, and the top-up is not done"
        master.clock.advance(3600)
        async with asyncio.timeout(10):
            while master.meter().purchase_count != 7:  # noqa: ASYNC110 - the farm tells nobody
                await asyncio.sleep(0)
    assert [entry.verdict for entry in master.farm.journal] == ["held", "answered", "heard-late"]
