"""The README's picture of the meter table is what the terminal shows: `make screenshot` takes it anew.

Site `mingde` at noon of a fixed day, one seed, 120 × 32 cells. Fonts are left to the viewer: nothing is fetched.
"""

import os
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from prewatt_fixtures.clock import ManualClock
from prewatt_tui.filters import read_filter
from prewatt_tui.widgets.meter_table import MeterTable

pytestmark = pytest.mark.anyio

PICTURE = Path(__file__).resolve().parents[3] / "docs" / "meter-table.svg"
NOON = datetime(2021, 12, 28, 4, tzinfo=UTC)
FILTER = "!relay:unknown"
WEB_FONTS = re.compile(r"@font-face\s*{[^}]*}\s*")


async def test_the_picture_is_up_to_date(
    open_deployment: Callable[..., Awaitable[Any]],
    open_api: Callable[..., Awaitable[Any]],
    terminal: Callable[..., Any],
) -> None:
    from prewatt_platform.operators.models import Role

    clock = ManualClock(NOON)
    deployment = await open_deployment("mingde", work="all", clock=clock)
    await deployment.operator("anna", Role.ADMINISTRATOR)
    await deployment.read()
    live = await open_api(deployment)
    async with terminal(live.url, size=(120, 32), clock=clock) as t:
        await t.sign_in()
        await t.press("slash")
        t.the(Input, "#filter").value = FILTER
        await t.press("enter")
        passes = read_filter(FILTER).passes
        await t.until(
            lambda: t.the(MeterTable).meters and all(map(passes, t.the(MeterTable).meters.values()))
        )
        await t.until(lambda: "loading" not in t.text)
        svg = WEB_FONTS.sub("", t.app.export_screenshot(title="prewatt tui"))
    if os.environ.get("PREWATT_WRITE_PICTURE") == "1":
        PICTURE.write_text(svg, "utf-8")
    assert PICTURE.read_text("utf-8") == svg, "run `make screenshot`"
