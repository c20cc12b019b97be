"""`prewatt db`, `project`, `operator`, `audit` and `verify`: what they print, and how they refuse."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner

from prewatt_fixtures.cli import main
from prewatt_platform.kernel.connections import connect

pytestmark = pytest.mark.anyio

PREWATT = str(Path(sys.executable).with_name("prewatt"))
TINY = resources.files("prewatt_fixtures") / "sites" / "tiny.toml"


@dataclass
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def _environment(url: str | None, settings: dict[str, str]) -> dict[str, str | None]:
    own: dict[str, str | None] = dict.fromkeys(name for name in os.environ if name.startswith("PREWATT_"))
    own |= {f"PREWATT_{name.upper()}": value for name, value in settings.items()}
    if url is not None:
        own["PREWATT_DATABASE_URL"] = url
    return {**own, "COLUMNS": "200", "NO_COLOR": "1"}


async def prewatt(*arguments: str, url: str | None = None, **settings: str) -> Done:
    """The command in this process, in a thread with a loop of its own: a process takes seconds to import it all."""
    done = await asyncio.to_thread(CliRunner().invoke, main, arguments, env=_environment(url, settings))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return Done(done.exit_code, done.stdout, done.stderr)


async def prewatt_process(*arguments: str, url: str | None = None) -> Done:
    """The command as a process."""
    environment = {**os.environ, **_environment(url, {})}
    process = await asyncio.create_subprocess_exec(
        PREWATT,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={name: value for name, value in environment.items() if value is not None},
    )
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    assert process.returncode is not None
    return Done(process.returncode, out.decode(), err.decode())


def refused(done: Done, *named: str) -> None:
    """One line for a person, which names what is wrong; and nothing was printed as if it were a result."""
    assert done.code == 2, done.err
    assert done.out == ""
    assert done.err.startswith("prewatt: ")
    assert done.err.count("\n") == 1, done.err
    for name in named:
        assert name in done.err


@pytest.fixture(scope="module")
async def imported_template(
    own_database: Callable[[str], AbstractAsyncContextManager[str]], migrated_template: str
) -> AsyncIterator[str]:
    async with own_database(migrated_template) as url:
        done = await prewatt("project", "import", "tiny", url=url)
        assert done.code == 0, done.err
        yield "test_" + url.rpartition("/test_")[2].partition("?")[0]


@pytest.fixture
async def imported(
    own_database: Callable[[str], AbstractAsyncContextManager[str]], imported_template: str
) -> AsyncIterator[str]:
    """URL of a database with `tiny` in it."""
    async with own_database(imported_template) as url:
        yield url


async def ask(url: str, question: str) -> Any:
    connection: asyncpg.Connection[Any] = await connect(url)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


class TestVerify:
    async def test_a_new_project_is_clean(self, imported: str) -> None:
        done = await prewatt("verify", url=imported)
        assert done.code == 0, done.out
        assert done.out.startswith("project 000: clean\n  M1  holds")
        (project,) = (await prewatt("verify", "--project", "000", "--json", url=imported)).json
        assert project["clean"] is True
        assert {"M1", "T7", "A1"} <= {outcome["code"] for outcome in project["outcomes"]}

    async def test_exit_code_1_and_both_sides_when_something_is_wrong(self, imported: str) -> None:
        await ask(imported, "ALTER TABLE entries DISABLE TRIGGER entries_append_only")
        done = await prewatt("verify", url=imported)
        assert done.code == 1
        assert "project 000: WRONG" in done.out
        assert "  M3  1 wrong" in done.out
        assert (
            "table entries: expected no right to change it, two triggers that refuse, found 1 triggers"
            in done.out
        )

    async def test_heads_exported_earlier_are_compared(self, imported: str, tmp_path: Path) -> None:
        heads = tmp_path / "heads.json"
        heads.write_text((await prewatt("audit", "head", "--json", url=imported)).out)
        assert (await prewatt("verify", "--heads", str(heads), url=imported)).code == 0
        (row,) = json.loads(heads.read_text())
        assert (await prewatt("audit", "head", url=imported)).out == (
            f"project 000: event {row['sequence']}, {row['hash']}\n"
        )
        heads.write_text(json.dumps([{**row, "hash": "00" * 32}]))
        done = await prewatt("verify", "--heads", str(heads), url=imported)
        assert done.code == 1
        assert "is not the one that was exported" in done.out

    async def test_what_cannot_be_verified_is_named(self, imported: str, tmp_path: Path) -> None:
        refused(await prewatt("verify", "--project", "009", url=imported), "009")
        refused(await prewatt("verify", "--heads", str(tmp_path / "none"), url=imported), "heads file")
        (tmp_path / "heads").write_text('{"a": 1}')
        refused(
            await prewatt("verify", "--heads", str(tmp_path / "heads"), url=imported),
            "prewatt audit head --json",
        )


class TestDatabase:
    async def test_upgrade_then_check_then_nothing_to_do(self, empty_database_url: str) -> None:
        refused(await prewatt("db", "check", url=empty_database_url), "schema none", "prewatt db upgrade")
        assert await prewatt("db", "upgrade", url=empty_database_url) == Done(0, "schema none -> 0001\n", "")
        done = await prewatt("db", "upgrade", "--json", url=empty_database_url)
        assert done.json == {"before": "0001", "after": "0001"}
        done = await prewatt("db", "upgrade", url=empty_database_url)
        assert done.out == "schema 0001: nothing to do\n"
        done = await prewatt("db", "check", url=empty_database_url)
        assert done.out == "the database answers, schema 0001\n"

    async def test_a_data_folder_instead_of_a_server(self, tmp_path: Path) -> None:
        done = await prewatt("db", "check", "--json", data=str(tmp_path / "data"))
        assert done.json == {"before": "0001", "after": "0001"}

    async def test_without_database_and_folder_nothing_starts(self) -> None:
        refused(await prewatt("db", "upgrade"), "PREWATT_DATABASE_URL", "PREWATT_DATA")

    @pytest.mark.parametrize(
        ("url", "named"),
        [
            ("nonsense", "PREWATT_DATABASE_URL: not a URL"),
            ("mysql://anna:tell-nobody@db/prewatt", "mysql is not postgresql"),
            (
                "postgresql://anna:tell-nobody@127.0.0.1:1/prewatt",
                "postgresql+asyncpg://anna:***@127.0.0.1:1/prewatt",
            ),
        ],
    )
    async def test_a_wrong_url_is_named_without_its_password(self, url: str, named: str) -> None:
        done = await prewatt("db", "check", url=url)
        refused(done, named)
        assert "tell-nobody" not in done.err

    async def test_a_database_that_is_missing_is_named(self, postgres_url: str) -> None:
        missing = postgres_url.replace("/postgres?", "/nobodys?")
        for command in ("check", "upgrade"):
            refused(await prewatt("db", command, url=missing), 'database "nobodys" does not exist')

    async def test_an_outdated_schema_is_named(self, imported: str) -> None:
        await ask(imported, "UPDATE alembic_version SET version_num = '0999'")
        for arguments in (
            ("db", "check"),
            ("project", "import", "tiny"),
            ("operator", "add", "li", "--project", "000"),
        ):
            refused(await prewatt(*arguments, url=imported), "schema 0999", "needs 0001")

    async def test_a_wrong_setting_is_named(self, imported: str) -> None:
        refused(await prewatt("db", "check", url=imported, read_retries="many"), "PREWATT_READ_RETRIES")


class TestImport:
    async def test_prints_counts_and_unreachable_gateways(self, database_url: str) -> None:
        done = await prewatt("project", "import", "tiny", url=database_url)
        assert done.code == 0
        first, *others = done.out.splitlines()
        assert first == "project 000: 8 meters in the file, 8 new, 4 accounts adopted"
        assert [line.split("(")[0].strip() for line in others] == [
            "unreachable: gateway 000001 port 1",
            "unreachable: gateway 000001 port 2",
            "unreachable: gateway 000002 port 1",
        ]
        assert all("--endpoints" in line for line in others)

    async def test_as_json(self, imported: str) -> None:
        done = await prewatt("project", "import", "tiny", "--json", url=imported)
        assert done.json == {
            "project": "000",
            "meters": 8,
            "meters_new": 0,
            "accounts_new": 0,
            "unreachable": [["000001", 1], ["000001", 2], ["000002", 1]],
            "left_aside": [],
        }

    async def test_endpoints_as_the_simulator_prints_them(self, imported: str, tmp_path: Path) -> None:
        printed = await prewatt("sim", "endpoints", "tiny", "--json")
        table = tmp_path / "endpoints.json"
        table.write_text(printed.out)
        done = await prewatt("project", "import", "tiny", "--endpoints", str(table), "--json", url=imported)
        assert done.json["unreachable"] == []
        assert await ask(imported, "SELECT count(*) FROM ports WHERE host = '127.0.0.1'") == 3

    async def test_a_site_file(self, database_url: str, tmp_path: Path) -> None:
        site = tmp_path / "own.toml"
        site.write_text(TINY.read_text("utf-8").replace('"000', '"042'), "utf-8")
        done = await prewatt("project", "import", str(site), "--json", url=database_url)
        assert done.json["project"] == "042"

    @pytest.mark.parametrize("site", ["nowhere", "./nowhere.toml"])
    async def test_a_site_that_is_missing_is_named(self, database_url: str, site: str) -> None:
        refused(await prewatt("project", "import", site, url=database_url), site)

    @pytest.mark.parametrize(
        ("old", "new", "named"),
        [
            ('model = "DTSD1352-C"', 'model = "DTSD9999"', "DTSD9999"),
            ('number = "0000010102"', 'number = "0000010101"', "0000010101"),
            ("[project]", "[project", "syntax"),
            ('currency = "CNY"', 'currency = "yuan"', "project.currency"),
        ],
    )
    async def test_an_invalid_site_file_is_named_and_changes_nothing(
        self, database_url: str, tmp_path: Path, old: str, new: str, named: str
    ) -> None:
        site = tmp_path / "wrong.toml"
        site.write_text(TINY.read_text("utf-8").replace(old, new), "utf-8")
        refused(await prewatt("project", "import", str(site), url=database_url), str(site), named)
        assert await ask(database_url, "SELECT count(*) FROM projects") == 0

    @pytest.mark.parametrize(
        ("table", "named"),
        [
            (None, "endpoints.json"),
            ("[", "endpoints.json"),
            ('[{"gateway": "000001"}]', "endpoints.json"),
            (
                '[{"gateway": "000009", "port": 1, "host": "h", "tcp": 502, "framing": "rtu"}]',
                "gateway 000009 with port 1",
            ),
        ],
    )
    async def test_an_invalid_endpoints_file_is_named_and_changes_nothing(
        self, database_url: str, tmp_path: Path, table: str | None, named: str
    ) -> None:
        file = tmp_path / "endpoints.json"
        if table is not None:
            file.write_text(table)
        done = await prewatt("project", "import", "tiny", "--endpoints", str(file), url=database_url)
        refused(done, named)
        assert await ask(database_url, "SELECT count(*) FROM projects") == 0


class TestOperator:
    async def test_without_a_password_file_a_password_is_generated(self, imported: str) -> None:
        done = await prewatt("operator", "add", "li", "--project", "000", url=imported)
        assert done.code == 0
        said, password = done.out.splitlines()
        assert said == "operator li, VIEWER of 000"
        assert len(password.removeprefix("password: ")) >= 16

    async def test_as_json(self, imported: str, tmp_path: Path) -> None:
        given = tmp_path / "password"
        given.write_text("correct horse\n")
        arguments = ("--project", "000", "--project", "000", "--role", "CASHIER", "--display-name", "Li")
        done = await prewatt(
            "operator", "add", "li", *arguments, "--password-file", str(given), "--json", url=imported
        )
        assert done.json == {"name": "li", "role": "CASHIER", "projects": ["000"], "password": None}
        assert await ask(imported, "SELECT display_name FROM operators") == "Li"

    async def test_invalid_arguments_are_named_and_add_no_operator(
        self, imported: str, tmp_path: Path
    ) -> None:
        short, empty, binary = (tmp_path / name for name in ("short", "empty", "binary"))
        short.write_text("1234567")
        empty.write_text("")
        binary.write_bytes(b"\xff\xfe12345678")
        own = ("operator", "add", "li", "--project", "000")
        wrong = {
            ("operator", "add", "li", "--project", "099"): "no project 099",
            ("operator", "add", "li", "--project", "000", "--project", "099"): "no project 099",
            ("operator", "add", " ", "--project", "000"): "name is missing",
            (*own, "--role", "KING"): "no role 'KING'; known: VIEWER, CASHIER",
            (*own, "--password-file", str(short)): "at least 8 characters",
            (*own, "--password-file", str(empty)): "at least 8 characters",
            (*own, "--password-file", str(binary)): f"password file {binary}",
            (*own, "--password-file", str(tmp_path / "missing")): f"password file {tmp_path / 'missing'}",
        }
        for arguments, named in wrong.items():
            refused(await prewatt(*arguments, url=imported), named)
        assert await ask(imported, "SELECT count(*) FROM operators") == 0

    async def test_a_taken_name_is_named(self, imported: str) -> None:
        add = ("operator", "add", "li", "--project", "000")
        assert (await prewatt(*add, url=imported)).code == 0
        refused(await prewatt(*add, url=imported), "operator named 'li' exists")


class TestProcess:
    async def test_each_command_from_an_empty_database_to_an_operator(self, empty_database_url: str) -> None:
        upgraded = await prewatt_process("db", "upgrade", url=empty_database_url)
        assert upgraded == Done(0, "schema none -> 0001\n", "")
        imported = await prewatt_process("project", "import", "tiny", "--json", url=empty_database_url)
        assert (imported.code, imported.json["meters_new"]) == (0, 8)
        added = await prewatt_process(
            "operator", "add", "li", "--project", "000", "--json", url=empty_database_url
        )
        assert (added.code, added.json["name"]) == (0, "li")

    async def test_a_refusal_is_one_line_and_exit_code_2(self, empty_database_url: str) -> None:
        refused(await prewatt_process("db", "check", url=empty_database_url), "prewatt db upgrade")


@pytest.mark.parametrize(
    ("command", "example"),
    [
        (("db", "upgrade"), "prewatt db upgrade"),
        (("project", "import"), "prewatt project import mingde"),
        (("operator", "add"), "prewatt operator add li"),
    ],
)
async def test_help_has_examples(command: tuple[str, ...], example: str) -> None:
    done = await prewatt(*command, "--help")
    assert done.code == 0
    assert example in done.out


@pytest.mark.parametrize("group", ["db", "project", "operator"])
async def test_a_group_alone_shows_its_commands(group: str) -> None:
    done = await prewatt(group)
    assert "Usage" in done.out + done.err
