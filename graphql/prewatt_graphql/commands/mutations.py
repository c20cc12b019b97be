"""Commands that concern a meter's control, not its money."""

from typing import Annotated
from uuid import UUID

import strawberry

from prewatt_graphql.commands.types import Command
from prewatt_graphql.context import Info
from prewatt_graphql.errors import UserError, errors_in_payload
from prewatt_graphql.meters.types import ControlMode
from prewatt_platform.control.service import ControlService
from prewatt_platform.metering.models import ControlMode as ControlModeRow


@strawberry.input(description="Which meter to read now.")
class MeterRefreshInput:
    """What `meterRefresh` takes."""

    meter_number: str = strawberry.field(description="The meter.")


@strawberry.type(description="The command that reads the meter.")
class MeterRefreshPayload:
    """What `meterRefresh` gives."""

    command: Command | None = strawberry.field(default=None, description="Follow it to its end.")
    errors: list[UserError] = strawberry.field(
        default_factory=list, description="What went wrong; empty: nothing."
    )


@strawberry.input(description="What we want of a meter's supply.")
class ControlModeSetInput:
    """What `controlModeSet` takes."""

    idempotency_key: UUID = strawberry.field(description="One for each intent; a retry sends the same again.")
    meter_number: str = strawberry.field(description="The meter.")
    mode: ControlMode = strawberry.field(description="The mode.")
    reason: str | None = strawberry.field(default=None, description="Why, for the audit trail.")


@strawberry.type(description="The command that sets the mode.")
class ControlModeSetPayload:
    """What `controlModeSet` gives."""

    command: Command | None = strawberry.field(default=None, description="Follow it to its end.")
    replayed: bool = strawberry.field(
        default=False, description="Whether the key came before and this is its result."
    )
    errors: list[UserError] = strawberry.field(
        default_factory=list, description="What went wrong; empty: nothing."
    )


@strawberry.type
class CommandMutations:
    """Part of Mutation."""

    @strawberry.mutation(description="Read a meter now, ahead of the schedule.")
    @errors_in_payload(MeterRefreshPayload)
    async def meter_refresh(
        self,
        info: Info,
        input: Annotated[MeterRefreshInput, strawberry.argument(description="Which meter.")],  # noqa: A002 - the API's own word
    ) -> MeterRefreshPayload:
        async with info.context.work() as work:
            command = await ControlService(work).refresh(input.meter_number)
        return MeterRefreshPayload(command=Command.of(command, info.context.here.project))

    @strawberry.mutation(description="Set the control mode. The relay follows, and is what is read back.")
    @errors_in_payload(ControlModeSetPayload)
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
