"""Mutations that send commands without money: read a meter now, set a control mode."""

import strawberry

from prewatt_graphql.commands.types import Command
from prewatt_graphql.context import Info
from prewatt_graphql.meters.types import ControlMode
from prewatt_graphql.payloads import CommandPayload, IdempotentInput, Input, MutationPayload, mutation
from prewatt_platform.control.service import ControlService
from prewatt_platform.metering.models import ControlMode as ControlModeRow


@strawberry.input(description="A meter to read now.")
class MeterRefreshInput:
    """Input of `meterRefresh`."""

    meter_number: str = strawberry.field(description="Number of the meter, ten characters.")


@strawberry.type(description="Result of `meterRefresh`.")
class MeterRefreshPayload(MutationPayload):
    """Payload of `meterRefresh`."""

    command: Command | None = strawberry.field(
        default=None, description="The command; the one that waits already when there is one."
    )


@strawberry.input(description="A control mode for a meter.")
class ControlModeSetInput(IdempotentInput):
    """Input of `controlModeSet`."""

    meter_number: str = strawberry.field(description="Number of the meter, ten characters.")
    mode: ControlMode = strawberry.field(description="The control mode to set.")
    reason: str | None = strawberry.field(default=None, description="Reason, kept in the audit trail.")


@strawberry.type(description="Result of `controlModeSet`.")
class ControlModeSetPayload(CommandPayload):
    """Payload of `controlModeSet`."""


@strawberry.type
class CommandMutations:
    """Root mutations on meters' control."""

    @mutation(
        MeterRefreshPayload,
        "Read a meter now, ahead of its schedule. Errors: NOT_FOUND, GATEWAY_UNREACHABLE.",
    )
    async def meter_refresh(self, info: Info, input: Input[MeterRefreshInput]) -> MeterRefreshPayload:
        async with info.context.work() as work:
            command = await ControlService(work).refresh(input.meter_number)
        return MeterRefreshPayload(command=Command.of(command, info.context.membership.project))

    @mutation(
        ControlModeSetPayload,
        "Set the control mode of a prepaid meter. The command is SUCCEEDED when the meter was read back with this mode and "
        "the relay followed. A newer mode supersedes one that was not sent. Errors: NOT_FOUND, NOT_PREPAID, "
        "GATEWAY_UNREACHABLE, IN_PROGRESS, IDEMPOTENCY_MISMATCH.",
    )
    async def control_mode_set(self, info: Info, input: Input[ControlModeSetInput]) -> ControlModeSetPayload:
        mode = ControlModeRow(input.mode.name)
        async with info.context.work() as work:
            command, replayed = await ControlService(work).set_mode(
                input.idempotency_key, input.meter_number, mode, input.reason
            )
        return ControlModeSetPayload(
            command=Command.of(command, info.context.membership.project), replayed=replayed
        )
