"""Commands that concern a meter's control, not its money."""

from typing import Annotated

import strawberry

from prewatt_graphql.commands.types import Command
from prewatt_graphql.context import Info
from prewatt_graphql.meters.types import ControlMode
from prewatt_graphql.payloads import CommandPayload, IdempotentInput, MutationPayload, mutation
from prewatt_platform.control.service import ControlService
from prewatt_platform.metering.models import ControlMode as ControlModeRow


@strawberry.input(description="Which meter to read now.")
class MeterRefreshInput:
    """What `meterRefresh` takes."""

    meter_number: str = strawberry.field(description="The meter.")


@strawberry.type(description="The command that reads the meter.")
class MeterRefreshPayload(MutationPayload):
    """What `meterRefresh` gives."""

    command: Command | None = strawberry.field(default=None, description="Follow it to its end.")


@strawberry.input(description="What we want of a meter's supply.")
class ControlModeSetInput(IdempotentInput):
    """What `controlModeSet` takes."""

    meter_number: str = strawberry.field(description="The meter.")
    mode: ControlMode = strawberry.field(description="The mode.")
    reason: str | None = strawberry.field(default=None, description="Why, for the audit trail.")


@strawberry.type(description="The command that sets the mode.")
class ControlModeSetPayload(CommandPayload):
    """What `controlModeSet` gives."""


@strawberry.type
class CommandMutations:
    """Root mutations on meters' control."""

    @mutation(MeterRefreshPayload, "Read a meter now, ahead of the schedule.")
    async def meter_refresh(
        self,
        info: Info,
        input: Annotated[MeterRefreshInput, strawberry.argument(description="Which meter.")],  # noqa: A002 - the API's own word
    ) -> MeterRefreshPayload:
        async with info.context.work() as work:
            command = await ControlService(work).refresh(input.meter_number)
        return MeterRefreshPayload(command=Command.of(command, info.context.here.project))

    @mutation(ControlModeSetPayload, "Set the control mode. The relay follows, and is what is read back.")
    async def control_mode_set(
        self,
        info: Info,
        input: Annotated[ControlModeSetInput, strawberry.argument(description="Which meter, which mode.")],  # noqa: A002 - the API's own word
    ) -> ControlModeSetPayload:
        mode = ControlModeRow(input.mode.name)
        async with info.context.work() as work:
            command, replayed = await ControlService(work).set_mode(
                input.idempotency_key, input.meter_number, mode, input.reason
            )
        return ControlModeSetPayload(
            command=Command.of(command, info.context.here.project), replayed=replayed
        )
