"""The demo from beginning to end: raise the house, read the site, tell the story, and stay until told to go."""

import time
from collections.abc import Callable

from prewatt_fixtures.clock import RealClock
from prewatt_harness import reading, story
from prewatt_harness.api import Api
from prewatt_harness.busprobe import BusProbe
from prewatt_harness.errors import HarnessError, StepFailed
from prewatt_harness.house import House, Plan, standing
from prewatt_harness.interruption import Interrupted, interruptible
from prewatt_harness.progress import Progress
from prewatt_harness.summary import Summary
from prewatt_platform.kernel.errors import PlatformError


class Demo:
    """One run. `show` gets the summary when everything is up."""

    def __init__(self, plan: Plan, progress: Progress, show: Callable[[Summary], None], *, stay: bool) -> None:
        self._plan = plan
        self._progress = progress
        self._show = show
        self._stay = stay
        self._began = time.monotonic()
        self._shown = False

    async def run(self) -> bool:
        """Whether every meter was read. `StepFailed`; `Interrupted` when it was ended before the summary."""
        try:
            return await interruptible(self._run())
        except Interrupted:
            if not self._shown:
                raise
            return True
        except* (HarnessError, PlatformError) as wrong:
            raise StepFailed(self._progress.step, wrong) from wrong

    async def _run(self) -> bool:
        begun_at = RealClock().now()
        async with standing(self._plan, self._progress) as house:
            site = self._plan.site
            async with Api.signed_in(house.url, *house.sign_in, site.project.code) as api:
                summary = await self._tell(house, api)
            self._shown = True
