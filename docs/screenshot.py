"""Takes the picture of the meter table for the README: `python docs/screenshot.py` writes `docs/meter-table.svg`.

It runs `prewatt demo` in a process of its own, signs in to it with the terminal, headless, and writes what the terminal
shows. Fonts are left to whoever looks at the picture: nothing is fetched from elsewhere.
"""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from textual.widgets import Input

from prewatt_tui.app import TerminalApp
from prewatt_tui.filters import read_filter
from prewatt_tui.models.meter import Meter
from prewatt_tui.widgets.meter_table import MeterTable

PICTURE = Path(__file__).parent / "meter-table.svg"
SIZE = (120, 36)
FILTER = "!relay:unknown"
PATIENCE_S = 60.0

_WEB_FONTS = re.compile(r"@font-face\s*{[^}]*}\s*")


@contextmanager
def demo() -> Iterator[dict[str, Any]]:
    """What `prewatt demo` printed when everything was shown; it goes on until the end of the block."""
    prewatt = Path(sys.executable).with_name("prewatt")
    with subprocess.Popen(
        [prewatt, "demo", "--json", "--port", "0"], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise SystemExit(f"prewatt demo ended with {process.wait()} before it had shown anything")
            yield json.loads(line)
        finally:
            process.terminate()


async def picture(shown: dict[str, Any]) -> str:
    """The table of meters as SVG."""
    sign_in = shown["sign_in"]
    app = TerminalApp(shown["url"], name=sign_in["name"], password=sign_in["password"])
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        await pilot.press("enter")
        await _until(lambda: _rows(app))
        await pilot.press("slash")
        app.screen.query_one("#filter", Input).value = FILTER
        await pilot.press("enter")
        await _until(lambda: _rows(app) and all(map(read_filter(FILTER).passes, _rows(app))))
        await pilot.pause()
        return _WEB_FONTS.sub("", app.export_screenshot(title="prewatt tui"))


def _rows(app: TerminalApp) -> list[Meter]:
    return [meter for table in app.screen.query(MeterTable) for meter in table.meters.values()]


async def _until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - the terminal sets no event for it
            await asyncio.sleep(0.05)


def main() -> None:
    """Write the picture."""
    with demo() as shown:
        svg = asyncio.run(picture(shown))
    PICTURE.write_text(svg, "utf-8")
    print(f"{PICTURE.name}: {len(svg) // 1024} kB")


if __name__ == "__main__":
    main()
