"""What cannot be done is refused before anything starts, with exit code 2 and the name of what is wrong."""

import socket
from pathlib import Path
from typing import Any

import pytest

from prewatt_platform.kernel.postgres import EmbeddedPostgres

pytestmark = pytest.mark.anyio


async def test_an_unknown_site(run_demo: Any) -> None:
    ended = await run_demo("--site", "nowhere")
    assert (ended.exit_code, ended.out) == (2, "")
    assert ended.err == "prewatt demo: unknown site 'nowhere'; known: mingde, tiny, wuyue\n"


async def test_a_wrong_site_file(run_demo: Any, tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text('[project]\ncode = "x"\nname = "X"\n')
    ended = await run_demo("--site", str(file), "--json")
    assert (ended.exit_code, ended.out) == (2, "")
    assert f"{file}: project.code" in ended.err


async def test_a_taken_port(run_demo: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = await run_demo("--site", "tiny", "--port", str(port))
    assert ended.exit_code == 2
    assert ended.err == f"prewatt demo: port {port} on 127.0.0.1 is taken\n"


async def test_a_port_that_does_not_exist(run_demo: Any) -> None:
    ended = await run_demo("--port", "65536")
    assert ended.exit_code == 2
    assert "--port" in ended.err


async def test_a_wrong_setting(run_demo: Any, footprint: Any) -> None:
    ended = await run_demo("--site", "tiny", "--once", env={"PREWATT_READ_TIMEOUT_S": "soon"})
    assert ended.exit_code == 2
    assert "PREWATT_READ_TIMEOUT_S" in ended.err
    await footprint.gone()


async def test_a_folder_that_another_demo_uses(run_demo: Any, footprint: Any, tmp_path: Path) -> None:
    async with EmbeddedPostgres(tmp_path / "database", settings={"fsync": "off"}):
        ended = await run_demo("--site", "tiny", "--once", "--json", "--data", str(tmp_path))
    assert ended.exit_code == 2
    assert ended.err.startswith("prewatt demo: starting the database: the data folder ")
    assert str(tmp_path / "database") in ended.err
    await footprint.gone()


async def test_registers_of_another_site(run_demo: Any, footprint: Any, tmp_path: Path) -> None:
    (tmp_path / "farm-000.json").write_text('{"project": "999", "meters": {}}')
    ended = await run_demo("--site", "tiny", "--once", "--json", "--data", str(tmp_path))
    assert (ended.exit_code, ended.out) == (2, "")
    assert "starting the farm: the farm ended with exit code 2" in ended.err
    assert "farm-000.json: this is no state of project 000" in ended.err
    await footprint.gone()
