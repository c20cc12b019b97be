"""Whoever ends a demo, and however hard: no process, port or temporary folder is left."""

import asyncio
import json
import os
import signal
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.anyio


async def up(demo: asyncio.subprocess.Process) -> dict[str, Any]:
    """What a demo says when everything is up."""
    assert demo.stdout is not None
    line = await demo.stdout.readline()
    assert line, (await demo.stderr.read()).decode() if demo.stderr else ""
    said: dict[str, Any] = json.loads(line)
    return said


async def answers(url: str) -> bool:
    async with httpx.AsyncClient(trust_env=False) as http:
        try:
            return (await http.get(f"{url}/readyz")).status_code == 200
        except httpx.ConnectError:
            return False


async def sign_in(said: dict[str, Any]) -> dict[str, Any]:
    query = (
        "mutation ($input: SignInInput!) { signIn(input: $input) { projects { code role } errors { code } } }"
    )
    async with httpx.AsyncClient(trust_env=False) as http:
        body = {"query": query, "variables": {"input": said["sign_in"]}}
        answer = await http.post(f"{said['url']}/graphql", json=body)
    found: dict[str, Any] = answer.json()["data"]["signIn"]
    return found


async def test_two_stay_side_by_side_until_each_is_told_to_go(start_demo: Any, footprint: Any) -> None:
    one, other = [await start_demo("--site", "tiny", "--json") for _ in range(2)]
    said_one, said_other = await up(one), await up(other)
    assert said_one["url"] != said_other["url"]
    for said in (said_one, said_other):
        assert await answers(said["url"])
        assert await sign_in(said) == {"projects": [{"code": "000", "role": "ADMINISTRATOR"}], "errors": []}
    one.send_signal(signal.SIGINT)
    other.send_signal(signal.SIGTERM)
    assert (await one.wait(), await other.wait()) == (0, 0)
    assert not await answers(said_one["url"])
    assert not await answers(said_other["url"])
    await footprint.gone()


async def test_a_killed_demo(start_demo: Any, footprint: Any) -> None:
    demo = await start_demo("--site", "tiny", "--json")
    said = await up(demo)
    assert len(footprint.processes()) > 3
    demo.kill()
    await demo.wait()
    await footprint.gone()
    assert not await answers(said["url"])


async def test_a_demo_whose_parent_was_killed(start_demo: Any, footprint: Any) -> None:
    parent = await start_demo("--site", "tiny", "--json", below_parent=True)
    said = await up(parent)
    parent.kill()
    await parent.wait()
    await footprint.gone()
    assert not await answers(said["url"])


@pytest.mark.parametrize("step", ["starting the database", "starting the platform", "reading 8 meters"])
async def test_a_demo_that_is_still_at_work(start_demo: Any, footprint: Any, step: str) -> None:
    demo = await start_demo("--site", "tiny")
    while step.encode() not in (line := await demo.stderr.readline()):
        assert line, "it ended before that step"
    demo.terminate()
    assert await demo.wait() == 128 + signal.SIGTERM
    assert await demo.stdout.read() == b""
    await footprint.gone()


async def test_a_demo_whose_farm_died_says_so(start_demo: Any, footprint: Any) -> None:
    demo = await start_demo("--site", "tiny", "--json")
    await up(demo)
    farm = next(pid for pid, command in footprint.processes().items() if " sim run " in command)
    os.kill(farm, signal.SIGKILL)
    assert await demo.wait() == 1
    assert (await demo.stderr.read()).decode() == "prewatt demo: staying: the farm ended with exit code -9\n"
    await footprint.gone()
