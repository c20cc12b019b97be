"""Verbs of control: ask for a refresh, ask for a control mode. The relay itself is never commanded, only the mode."""

from datetime import datetime
from typing import Any
from uuid import UUID

from prewatt_fixtures.profile import profile
from prewatt_platform.control.errors import NotPrepaid
from prewatt_platform.control.idempotency import once
from prewatt_platform.control.models import Command, CommandKind, CommandState
from prewatt_platform.control.repository import CommandRepository
from prewatt_platform.kernel import audit
from prewatt_platform.kernel.tenancy import Work
from prewatt_platform.metering.models import ControlMode, Meter
from prewatt_platform.metering.repository import MeterRepository
from prewatt_platform.metering.service import MeteringService


class ControlService:
    """Commands to the meters of one project, inside one unit of work."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._commands = CommandRepository(work)
        self._metering = MeteringService(work)

    async def refresh(self, meter_number: str) -> Command:
        """Read a meter now; an open refresh of the same meter is given again."""
        meter = await self._metering.meter(meter_number)
        await self._metering.address(meter)
        for waiting in await self._commands.open_of_kind(meter.id, CommandKind.REFRESH):
            return waiting
        return await self._commands.add_command(
            new_command(self._work, meter, CommandKind.REFRESH, CommandState.REQUESTED, {})
        )

    async def set_mode(
        self, key: UUID, meter_number: str, mode: ControlMode, reason: str | None = None
    ) -> tuple[Command, bool]:
        """Request a control mode of a meter; (command, replayed). Older requests that were not sent are superseded.

        `UnknownMeter`, `NotPrepaid`, `GatewayUnreachable`, `IdempotencyMismatch`.
        """
        content = {"meter": meter_number, "mode": mode, "reason": reason}

        async def make() -> Command:
            meter = await self._metering.meter(meter_number, for_update=True)
            if not profile(meter.model).prepaid:
                raise NotPrepaid(meter.number, meter.model)
            await self._metering.address(meter)
            point = await MeterRepository(self._work).point(meter.point_id, for_update=True)
            before = point.control_mode
            point.control_mode = mode
            point.control_version += 1
            for older in await self._commands.open_of_kind(meter.id, CommandKind.CONTROL_MODE):
                if older.state == CommandState.REQUESTED:
                    await self._commands.move(
                        older,
                        CommandState.SUPERSEDED,
                        due_at=None,
                        detail="a newer control mode was asked for",
                    )
            command = await self._commands.add_command(
                new_command(
                    self._work,
                    meter,
                    CommandKind.CONTROL_MODE,
                    CommandState.REQUESTED,
                    {"mode": mode, "version": point.control_version},
                )
            )
            audit.record(
                self._work,
                "control mode wanted",
                f"meter {meter.number}",
                command=str(command.id),
                before=before,
                after=mode,
                reason=reason,
            )
            return command

        return await once(self._work, "controlModeSet", key, content, make)


def new_command(
    work: Work, meter: Meter, kind: CommandKind, state: CommandState, payload: dict[str, Any]
) -> Command:
    """A command of the acting operator, due at once."""
    now: datetime = work.clock.now()
    return Command(
        project_id=work.project_id,
        id=work.new_id(),
        meter_id=meter.id,
        kind=kind,
        state=state,
        payload=payload,
        actor_id=work.scope.actor.id,
        actor_name=work.scope.actor.name,
        created_at=now,
        updated_at=now,
        due_at=now,
    )
