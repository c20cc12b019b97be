"""Verifies every project once a night, and keeps what was found.

The leader runs it. What is done stands in the database, so a restart verifies nothing twice, and a night without a
leader is made up as soon as there is one.
"""

from dataclasses import asdict
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from prewatt_fixtures.clock import Clock
from prewatt_platform.kernel.database import Database
from prewatt_platform.kernel.tenancy import PLATFORM, Scope
from prewatt_platform.projects.models import Project
from prewatt_platform.projects.repository import ProjectRepository
from prewatt_platform.reconciliation.models import Verification
from prewatt_platform.reconciliation.repository import VerificationRepository
from prewatt_platform.reconciliation.service import verify

FROM_HOUR: Final = 2
"""Local hour from which a day's verification is due: little is sold then, and midnight's postings are done."""

LOOK_EVERY_S: Final = 60.0

_log = structlog.get_logger(__name__)


def due_day(now: datetime, timezone: str) -> date | None:
    """The local day whose verification is due at `now`; None before `FROM_HOUR`."""
    local = now.astimezone(ZoneInfo(timezone))
    return local.date() if local.hour >= FROM_HOUR else None


class NightlyVerification:
    """Runs until cancelled."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def run(self) -> None:
        """Look every `LOOK_EVERY_S` for what is due. A project that fails does not stop the others."""
        while True:
            # first, so that a start reads meters and carries out orders before it proves anything
            await self._clock.sleep(LOOK_EVERY_S)
            try:
                await self.verify_due()
            except Exception:
                _log.exception("the projects to verify could not be looked up")

    async def verify_due(self) -> list[Verification]:
        """Verify each project that is due now; what was kept."""
        async with self._database.directory() as work:
            projects = await ProjectRepository(work).all()
        kept = []
        for project in projects:
            day = due_day(self._clock.now(), project.timezone)
            try:
                done = None if day is None else await self._verify(project, day)
            except Exception:
                _log.exception("a project could not be verified", project=project.code)
            else:
                kept += [] if done is None else [done]
        return kept

    async def _verify(self, project: Project, day: date) -> Verification | None:
        assert project.id is not None
        scope = Scope(project.id, PLATFORM)
        async with self._database.snapshot(scope) as work:
            if await VerificationRepository(work).of_day(day) is not None:
                return None
            outcomes = await verify(work)
        findings = sum(outcome.findings for outcome in outcomes)
        async with self._database.project(scope) as work:
            kept = await VerificationRepository(work).add(
                Verification(
                    project_id=work.project_id,
                    day=day,
                    id=work.new_id(),
                    at=work.clock.now(),
                    findings=findings,
                    outcomes=[asdict(outcome) for outcome in outcomes],
                )
            )
        if findings:
            broken = [outcome.code for outcome in outcomes if outcome.findings]
            _log.error(
                "verification found differences", project=project.code, findings=findings, checks=broken
            )
        return kept
