"""A program is ready when it says so; one that ends instead is an error that shows its last words."""

import asyncio
import os
import signal

import pytest

from prewatt_harness import program as programs
from prewatt_harness.errors import HarnessError, NothingToSell, ProgramEnded
from prewatt_harness.program import running

pytestmark = pytest.mark.anyio

FARM = ("sim", "run", "tiny", "--base-port", "0", "--json")


async def test_it_is_ready_in_the_block_and_gone_after_it() -> None:
    async with running("farm", FARM) as farm:
        assert [row["gateway"] for row in farm.announced[:-1]] == ["000001", "000001", "000002"]
        port = farm.announced[0]["tcp"]
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


async def test_one_that_does_not_get_ready_shows_its_last_words() -> None:
    with pytest.raises(ProgramEnded) as failed:
        async with running("farm", ("sim", "run", "nowhere")):
            pass
    assert (failed.value.name, failed.value.exit_code) == ("farm", 2)
    assert failed.value.__notes__ == [
        "the end of the farm's log:\nprewatt sim: unknown site 'nowhere'; known: mingde, tiny, wuyue"
    ]


async def test_one_that_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "READY_S_MAX", 0.05)
    with pytest.raises(ProgramEnded, match="the farm was not ready in time"):
        async with running("farm", FARM):
            pass


async def test_an_error_of_ours_takes_the_log_along_only_when_there_is_one() -> None:
    failure: HarnessError = NothingToSell("000")
    with pytest.raises(NothingToSell) as raised:
        async with running("farm", FARM):
            raise failure
    assert raised.value is failure
    assert not hasattr(failure, "__notes__")


async def test_one_that_ends_by_itself_is_told() -> None:
    async with running("farm", FARM) as farm:
        os.kill(farm.pid, signal.SIGKILL)
        ended = await farm.ended()
    assert (ended.name, ended.exit_code) == ("farm", -9)
