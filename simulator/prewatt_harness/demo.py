"""The demo from beginning to end: raise the house, read the site, tell the story, and stay until told to go."""

import time
from collections.abc import Callable

from prewatt_fixtures.clock import RealClock
from prewatt_harness import story
from prewatt_harness.api import Api
from prewatt_harness.busprobe import BusProbe
from prewatt_harness.errors import HarnessError, StepFailed
from prewatt_harness.house import House, Plan, standing
from prewatt_harness.interruption import Interrupted, interruptible
from prewatt_harness.progress import Progress
from prewatt_harness.reading import read_all
from prewatt_harness.summary import Summary
from prewatt_platform.kernel.errors import PlatformError


class Demo:
    """One run. `show` gets the summary when everything is up; then the house stays until told to go, if it is to."""

    def __init__(
        self, plan: Plan, progress: Progress, show: Callable[[Summary], None], *, stay: bool
    ) -> None:
        self._plan = plan
        self._progress = progress
        self._show = show
        self._stay = stay
        self._clock = RealClock()
        self._began_s = time.monotonic()
        self._shown = False

    async def run(self) -> None:
        """`StepFailed`; `Interrupted` when it was ended before the summary was shown."""
        try:
            await interruptible(self._run())
        except Interrupted:
            if not self._shown:
                raise
        except (HarnessError, PlatformError) as wrong:
            raise StepFailed(self._progress.step, wrong) from wrong

    async def _run(self) -> None:
        async with standing(self._plan, self._clock, self._progress) as house:
            self._show(await house.standing_for(self._tell(house)))
            self._shown = True
            if self._stay:
                self._progress.begin("staying")
                await house.stand()

    async def _tell(self, house: House) -> Summary:
        site, progress = self._plan.site, self._progress
        sign_in = house.sign_in
        async with Api.signed_in(house.url, sign_in.name, sign_in.password, site.project.code) as api:
            probe = BusProbe(site, house.endpoints)
            progress.begin(f"reading {len(site.energy_meters)} meters")
            readings = await read_all(api, site, house.started_at, self._clock, progress)
            sold = await story.sell(api, probe, site, readings.read, progress)
            switched = await story.switch(api, probe, sold.meter, progress)
        seconds = time.monotonic() - self._began_s
        read_seconds = readings.seconds_from(house.ready_at)
        return Summary(site, house.url, sign_in, readings, read_seconds, sold, switched, seconds)
