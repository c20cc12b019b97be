"""Signing in: the operator gets in, or reads what is wrong by its name."""

from collections.abc import Callable
from typing import Any

import pytest
from textual.widgets import OptionList

from prewatt_tui.screens.meters import MetersScreen
from prewatt_tui.screens.projects import ProjectsScreen
from prewatt_tui.screens.sell import SellScreen
from prewatt_tui.screens.sign_in import SignInScreen

pytestmark = pytest.mark.anyio


async def test_the_only_project_is_opened_at_once(stall: Any, terminal: Callable[..., Any]) -> None:
    async with terminal(stall.url) as t:
        await t.sign_in()
        await t.says("8/8 meters")
        assert t.lines[0].startswith(" 000 试验台 ")
        assert "Anna" in t.lines[0]
        assert "API online" in t.lines[0]


async def test_a_wrong_password_is_said_and_opens_nothing(stall: Any, terminal: Callable[..., Any]) -> None:
    async with terminal(stall.url, password="wrong horse") as t:
        await t.pilot.pause()
        await t.press("enter")
        await t.until(lambda: "asking" not in t.text and "password" in t.told)
        assert isinstance(t.app.screen, SignInScreen)
        assert "not signed in" in t.lines[0]
        assert "wrong horse" not in t.text


async def test_an_address_where_nobody_answers_is_named(
    unused_port: int, terminal: Callable[..., Any]
) -> None:
    url = f"http://127.0.0.1:{unused_port}"
    async with terminal(url) as t:
        await t.pilot.pause()
        await t.press("enter")
        await t.until(lambda: f"nobody answers at {url}" in t.told)
        assert "API OFFLINE" in t.lines[0]


async def test_something_that_is_no_platform_is_named(stall: Any, terminal: Callable[..., Any]) -> None:
    url = f"{stall.url}/healthz"
    async with terminal(url) as t:
        await t.pilot.pause()
        await t.press("enter")
        await t.until(lambda: f"{url} is not a prewatt platform" in t.told)


async def test_what_is_no_address_is_named(terminal: Callable[..., Any]) -> None:
    async with terminal("nowhere") as t:
        await t.pilot.pause()
        for url in ("127.0.0.1:8000", "ftp://somewhere", "http://", "prewatt"):
            t.type_in("#url", url)
            await t.press("enter")
            await t.until(lambda url=url: f"{url!r} is not an address" in t.told)


async def test_a_corrected_address_gets_in(
    stall: Any, unused_port: int, terminal: Callable[..., Any]
) -> None:
    async with terminal(f"http://127.0.0.1:{unused_port}") as t:
        await t.pilot.pause()
        await t.press("enter")
        await t.until(lambda: "nobody answers" in t.told)
        t.type_in("#url", f"{stall.url}/graphql/")
        await t.sign_in()


async def test_the_password_is_not_shown(stall: Any, terminal: Callable[..., Any]) -> None:
    async with terminal(stall.url) as t:
        await t.pilot.pause()
        assert "correct horse" not in t.text


async def test_a_project_that_is_not_the_operators_is_named(stall: Any, terminal: Callable[..., Any]) -> None:
    async with terminal(stall.url, project="777") as t:
        await t.pilot.pause()
        await t.press("enter")
        await t.at(ProjectsScreen)
        await t.says("777 is not one of your projects.")
        await t.press("enter")
        await t.at(MetersScreen)


async def test_of_several_projects_one_is_chosen_and_another_can_be(
    open_stall: Callable[..., Any], open_deployment: Callable[..., Any], terminal: Callable[..., Any]
) -> None:
    from prewatt_platform.operators.models import Role

    stall = await open_stall()
    other = await open_deployment("tiny", code="555")
    await stall.deployment.platform.operators.add(
        "berta",
        "correct horse",
        "Berta",
        [(stall.deployment.project, Role.CASHIER), (other.project, Role.VIEWER)],
    )
    async with terminal(stall.url, name="berta") as t:
        await t.pilot.pause()
        await t.press("enter")
        await t.at(ProjectsScreen)
        await t.says("555  试验台  (viewer")
        t.the(OptionList).highlighted = t.the(OptionList).get_option_index("555")
        await t.press("enter")
        await t.at(MetersScreen)
        await t.says(" 555 试验台 ")
        await t.press("escape")
        await t.at(ProjectsScreen)
        assert "no project" in t.lines[0]
        t.the(OptionList).highlighted = t.the(OptionList).get_option_index("000")
        await t.press("enter")
        await t.says("8/8 meters")


async def test_given_on_the_command_line_the_project_is_opened_without_a_question(
    stall: Any, terminal: Callable[..., Any]
) -> None:
    async with terminal(stall.url, project="000") as t:
        await t.sign_in()


async def test_a_session_that_is_over_leads_back_to_the_sign_in(
    stall: Any, terminal: Callable[..., Any]
) -> None:
    async with terminal(stall.url) as t:
        await t.sign_in()
        await t.open_meter("0000010201")
        await t.press("s")
        await t.at(SellScreen)
        token = t.app._session.token
        await stall.live.ask("mutation { signOut { errors { code } } }", token=token)
        await t.press("escape", "r")
        screen = await t.at(SignInScreen)
        assert screen is t.app.screen
        assert "not signed in" in t.lines[0]
        t.type_in("#password", "correct horse")
        await t.sign_in()


async def test_signing_out_ends_the_session_on_the_platform(stall: Any, terminal: Callable[..., Any]) -> None:
    async with terminal(stall.url) as t:
        await t.sign_in()
        token = t.app._session.token
        await t.press("ctrl+o")
        await t.at(SignInScreen)
        await t.app.workers.wait_for_complete()
        answer = await stall.live.ask("{ viewer { id } projects { id } }", token=token)
        assert "errors" in answer
