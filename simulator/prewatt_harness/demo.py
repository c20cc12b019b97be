"""The demo: start the stack, read the site, run the demo script, and stay until a stop signal."""

import time
from collections.abc import Callable
from datetime import timedelta

from prewatt_fixtures.clock import RealClock
from prewatt_harness import demo_script
from prewatt_harness.api import Api
from prewatt_harness.bus_probe import BusProbe
from prewatt_harness.errors import HarnessError, StepFailed
from prewatt_harness.progress import Progress
from prewatt_harness.reading import read_all
from prewatt_harness.signals import Interrupted, interruptible
from prewatt_harness.stack import Stack, StackPlan, running_stack
from prewatt_harness.summary import Summary
from prewatt_platform.kernel.errors import PlatformError


class Demo:
    """One run. `show` gets the summary; then the stack stays up until a stop signal unless `once` is set."""

    def __init__(
        self, plan: StackPlan, progress: Progress, show: Callable[[Summary], None], *, stay: bool
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
        async with running_stack(self._plan, self._clock, self._progress) as stack:
            self._show(await stack.standing_for(self._tell(stack)))
            self._shown = True
            if self._stay:
                self._progress.begin("staying")
                await stack.stand()

    async def _tell(self, stack: Stack) -> Summary:
        site, progress = self._plan.site, self._progress
        sign_in = stack.sign_in
        async with Api.signed_in(stack.url, sign_in.name, sign_in.password, site.project.code) as api:
            probe = BusProbe(site, stack.endpoints)
            progress.begin(f"reading {len(site.energy_meters)} meters")
            readings = await read_all(api, site, stack.started_at, self._clock, progress)
            sold = await demo_script.sell(api, probe, site, readings.read, progress)
            refunded = await demo_script.refund(api, probe, sold, progress)
            until = self._clock.now() + timedelta(seconds=1)
            stated = await demo_script.state(api, sold, refunded, stack.started_at, until, progress)
            switched = await demo_script.switch(api, probe, sold.meter, progress)
        seconds = time.monotonic() - self._began_s
        read_seconds = readings.seconds_from(stack.ready_at)
        return Summary(
            site, stack.url, sign_in, readings, read_seconds, sold, refunded, stated, switched, seconds
        )
