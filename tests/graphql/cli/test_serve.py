"""`prewatt serve` and `prewatt schema` as processes: ready line, exit codes, errors."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from prewatt_platform.kernel.settings import Settings

pytestmark = pytest.mark.anyio

PREWATT = str(Path(sys.executable).with_name("prewatt"))
ROOT = Path(__file__).parents[3]


def environment(database_url: str | None = None, **settings: str) -> Mapping[str, str]:
    import os

    own = {name: value for name, value in os.environ.items() if not name.startswith("PREWATT_")}
    if database_url is not None:
        own["PREWATT_DATABASE_URL"] = database_url
    return {**own, **settings}


async def run(*arguments: str, **given: str) -> subprocess.CompletedProcess[str]:
    """A command that is expected to end by itself."""
    return await asyncio.to_thread(
        subprocess.run, [PREWATT, *arguments],
        env=environment(**given), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@asynccontextmanager
async def serving(
    database_url: str, *arguments: str, **given: str
) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """A served platform; yields the process and its first line."""
    process = await asyncio.create_subprocess_exec(
        PREWATT, "serve", "--port", "0", *arguments,
        env=environment(database_url, **given), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        async with asyncio.timeout(60):
            yield process, (await process.stdout.readline()).decode().strip()
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def stopped(process: asyncio.subprocess.Process, number: signal.Signals) -> tuple[int, str]:
    process.send_signal(number)
    async with asyncio.timeout(60):
        _, stderr = await process.communicate()
    assert process.returncode is not None
    return process.returncode, stderr.decode()


class TestServing:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    async def test_ready_then_exit_code_0_after_a_signal(
        self, database_url: str, number: signal.Signals
    ) -> None:
        async with serving(database_url) as (process, line):
            word, url = line.split()
            assert word == "ready"
            async with httpx.AsyncClient(verify=False) as client:
                assert (await client.get(f"{url}/readyz")).json() == {"ready": True}
                answer = await client.post(f"{url}/graphql", json={"query": "{ viewer { name } }"})
                assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
            assert await stopped(process, number) == (0, "")

    async def test_ready_line_as_json(self, database_url: str) -> None:
        async with serving(database_url, "--json", "--role", "api") as (process, line):
            said = json.loads(line)
            assert said.keys() == {"ready", "url", "role"}
            assert (said["ready"], said["role"]) == (True, "api")
            await stopped(process, signal.SIGTERM)

    async def test_an_open_connection_does_not_delay_the_exit(self, database_url: str) -> None:
        import websockets

        async with serving(database_url) as (process, line):
            url = line.split()[1].replace("http", "ws") + "/graphql"
            async with websockets.connect(url, subprotocols=["graphql-transport-ws"]) as connection:  # type: ignore[list-item]  # a Subprotocol is a str
                code, _ = await stopped(process, signal.SIGTERM)
                assert code == 0
                await connection.wait_closed()

    async def test_the_collector_answers_health_only(self, database_url: str) -> None:
        async with serving(database_url, "--role", "collector") as (process, line):
            url = line.split()[1]
            async with httpx.AsyncClient(verify=False) as client:
                assert (await client.get(f"{url}/healthz")).status_code == 200
                assert (await client.post(f"{url}/graphql", json={})).status_code == 404
            assert (await stopped(process, signal.SIGTERM))[0] == 0

    async def test_passwords_do_not_get_into_the_log(self, database_url: str) -> None:
        """Also not with the traceback of a failure."""
        async with serving(database_url, PREWATT_LOG_JSON="true") as (process, line):
            url = line.split()[1]
            from sqlalchemy import text
            from sqlalchemy.ext.asyncio import create_async_engine

            engine = create_async_engine(database_url)
            async with engine.begin() as connection:
                await connection.execute(text("ALTER TABLE operators RENAME TO elsewhere"))
            await engine.dispose()
            query = 'mutation { signIn(input: {name: "a", password: "hunter2-secret"}) { token } }'
            async with httpx.AsyncClient(verify=False) as client:
                answer = await client.post(f"{url}/graphql", json={"query": query})
            (error,) = answer.json()["errors"]
            assert error["extensions"]["code"] == "INTERNAL"
            _, log = await stopped(process, signal.SIGTERM)
        entries = [json.loads(row) for row in log.splitlines()]
        assert [row["request_id"] for row in entries if row["event"] == "request failed"] == [
            error["extensions"]["requestId"]
        ]
        assert "hunter2-secret" not in log


class TestRefusals:
    async def test_a_taken_port_is_named(self, database_url: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            ended = await run("serve", "--port", str(port), database_url=database_url)
        assert ended.returncode == 2
        assert f"port {port}" in ended.stderr
        assert ended.stdout == ""

    async def test_an_address_of_another_machine(self, database_url: str) -> None:
        ended = await run("serve", "--host", "192.0.2.1", "--port", "0", database_url=database_url)
        assert ended.returncode == 2
        assert "192.0.2.1" in ended.stderr

    async def test_an_unreachable_database(self) -> None:
        ended = await run(
            "serve", "--port", "0", database_url="postgresql://somebody:hunter2@127.0.0.1:1/none"
        )
        assert ended.returncode == 2
        assert "127.0.0.1:1" in ended.stderr
        assert "PREWATT_DATABASE_URL" in ended.stderr, "the way out"
        assert "hunter2" not in ended.stderr
        assert ended.stdout == ""

    async def test_a_database_without_our_schema(self, empty_database_url: str) -> None:
        ended = await run("serve", "--port", "0", database_url=empty_database_url)
        assert ended.returncode == 2
        assert "prewatt db upgrade" in ended.stderr

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("PREWATT_DATABASE_URL", "nonsense"),
            ("PREWATT_READ_TIMEOUT_S", "soon"),
            ("PREWATT_SESSION_IDLE_S", "-1"),
        ],
    )
    async def test_an_invalid_setting_is_named(self, database_url: str, name: str, value: str) -> None:
        ended = await run("serve", "--port", "0", **{"PREWATT_DATABASE_URL": database_url, name: value})
        assert ended.returncode == 2
        assert name in ended.stderr
        assert "Traceback" not in ended.stderr

    @pytest.mark.parametrize(
        "arguments", [["--role", "nobody"], ["--port", "65536"], ["--port", "-1"], ["--nonsense"]]
    )
    async def test_invalid_options(self, arguments: list[str]) -> None:
        assert (await run("serve", *arguments)).returncode == 2


class TestHelp:
    async def test_every_setting_is_listed(self) -> None:
        text = (await run("serve", "--help")).stdout
        for name, setting in Settings.model_fields.items():
            assert f"PREWATT_{name.upper()}\n" in text
            assert setting.description is not None
            assert setting.description in text

    async def test_prewatt_help_lists_both(self) -> None:
        text = (await run("--help")).stdout
        assert "serve" in text
        assert "schema" in text


class TestSchema:
    async def test_prints_the_committed_schema(self) -> None:
        ended = await run("schema")
        assert (ended.returncode, ended.stderr) == (0, "")
        assert ended.stdout == (ROOT / "graphql" / "schema.graphql").read_text("utf-8")


def test_the_collector_imports_no_graphql() -> None:
    code = """
import sys
from prewatt_graphql.serve import application
from prewatt_platform.app import Platform
application(Platform("postgresql+asyncpg://a@b/c"), "collector")
print([name for name in ("strawberry", "graphql") if name in sys.modules])
"""
    ended = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert ended.stdout == "[]\n"


def test_help_is_quick_because_it_imports_little() -> None:
    code = "import sys, prewatt_graphql.cli; print([n for n in ('strawberry', 'sqlalchemy', 'uvicorn') if n in sys.modules])"
    ended = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert ended.stdout == "[]\n"
