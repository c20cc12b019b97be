"""The subscription sends new readings of the named meters only."""

from typing import Any

import pytest

pytestmark = pytest.mark.anyio

LISTEN = """subscription($meters: [String!]!) { readingAdded(meters: $meters) {
  meterNumber reading { at energyTotal remaining { amount currency } }
} }"""
REFRESH = "mutation($number: String!) { meterRefresh(input: {meterNumber: $number}) { command { id } errors { code } } }"
LATEST = "query($number: String!) { meter(number: $number) { reading { at } } }"


async def test_each_new_reading_of_the_named_meters(admin: Any, stack: Any) -> None:
    async with admin.socket() as socket:
        await socket.subscribe(LISTEN, meters=["0000010201", "0000010101"])
        await _listened_to(stack)
        before = (await admin.data(LATEST, number="0000010201"))["meter"]["reading"]["at"]
        for number in ("0000010202", "0000010201"):  # the first is not listened to
            assert (await admin.data(REFRESH, number=number))["meterRefresh"]["errors"] == []
        message = await socket.receive()
        added = message["payload"]["data"]["readingAdded"]
        assert (message["type"], added["meterNumber"]) == ("next", "0000010201")
        assert added["reading"]["at"] > before
        assert added["reading"]["remaining"]["currency"] == "CNY"
        assert (
            added["reading"]["at"]
            == (await admin.data(LATEST, number="0000010201"))["meter"]["reading"]["at"]
        )


async def test_two_subscriptions_on_one_connection_are_independent(admin: Any, stack: Any) -> None:
    async with admin.socket() as socket:
        await socket.subscribe(LISTEN, "a", meters=["0000010201"])
        await socket.subscribe(LISTEN, "b", meters=["0000010202"])
        await _listened_to(stack, 2)
        for number in ("0000010201", "0000010202"):
            await admin.data(REFRESH, number=number)
        messages = [await socket.receive(), await socket.receive()]
        heard = {
            message["id"]: message["payload"]["data"]["readingAdded"]["meterNumber"] for message in messages
        }
        assert heard == {"a": "0000010201", "b": "0000010202"}


async def _listened_to(stack: Any, count: int = 1) -> None:
    """Wait until the subscriptions have begun."""
    backbone, key = stack.deployment.platform.backbone, (stack.deployment.scope.project_id, "reading")

    async def begun() -> bool:
        return len(backbone._queues.get(key, ())) >= count

    await stack.deployment.until(begun)
