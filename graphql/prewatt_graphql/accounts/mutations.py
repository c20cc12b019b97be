"""Mutations on accounts: open an account."""

from decimal import Decimal

import strawberry

from prewatt_graphql.accounts.types import Account
from prewatt_graphql.commands.types import Command
from prewatt_graphql.context import Info
from prewatt_graphql.meters.types import Meter
from prewatt_graphql.payloads import CommandPayload, IdempotentInput, Input, mutation
from prewatt_graphql.quantities import fen_of, price_e4_of
from prewatt_platform.accounts.service import AccountService, OpeningTerms


@strawberry.input(description="An account opening. A null price or amount keeps the metering point's value.")
class AccountOpenInput(IdempotentInput):
    """Input of `accountOpen`."""

    meter_number: str = strawberry.field(description="Number of the meter, ten characters.")
    customer_name: str = strawberry.field(description="The customer's name, 1 to 100 characters.")
    customer_phone: str | None = strawberry.field(
        default=None, description="The customer's phone, at most 40 characters."
    )
    price_sharp: Decimal | None = strawberry.field(
        default=None,
        description="Price per kWh at the sharp rate, project currency; 0 to 9999.9999, at most 4 decimals.",
    )
    price_peak: Decimal | None = strawberry.field(
        default=None,
        description="Price per kWh at the peak rate, project currency; 0 to 9999.9999, at most 4 decimals.",
    )
    price_flat: Decimal | None = strawberry.field(
        default=None,
        description="Price per kWh at the flat rate, project currency; 0 to 9999.9999, at most 4 decimals.",
    )
    price_valley: Decimal | None = strawberry.field(
        default=None,
        description="Price per kWh at the valley rate, project currency; 0 to 9999.9999, at most 4 decimals.",
    )
    alarm_amount_1: Decimal | None = strawberry.field(
        default=None, description="Credit at or below which the meter raises alarm 1; above alarm amount 2."
    )
    alarm_amount_2: Decimal | None = strawberry.field(
        default=None, description="Credit at or below which the meter raises alarm 2; not below 0."
    )
    overdraft: Decimal | None = strawberry.field(
        default=None, description="Debt up to which the meter keeps supplying; 0: it cuts off at zero credit."
    )


@strawberry.type(description="Result of `accountOpen`.")
class AccountOpenPayload(CommandPayload):
    """Payload of `accountOpen`."""

    account: Account | None = strawberry.field(
        default=None, description="The account; OPENING until the meter was read back, then OPEN."
    )


@strawberry.type
class AccountMutations:
    """Root mutations on accounts."""

    @mutation(
        AccountOpenPayload,
        "Open an account on the metering point of a prepaid meter and switch prepayment on, with a credit of zero. Errors: "
        "NOT_FOUND, NOT_PREPAID, ALREADY_OPENED, ORDER_OPEN, METER_ON_HOLD, GATEWAY_UNREACHABLE, BAD_INPUT, "
        "IDEMPOTENCY_MISMATCH.",
    )
    async def account_open(self, info: Info, input: Input[AccountOpenInput]) -> AccountOpenPayload:
        project = info.context.membership.project
        async with info.context.work() as work:
            command, replayed = await AccountService(work).open(
                input.idempotency_key, input.meter_number, _terms(input)
            )
        row = await info.context.loaders.meters.load(command.meter_id)
        assert row is not None, "a command's meter exists: the database says so"
        return AccountOpenPayload(
            account=Meter.of(row, project).account, command=Command.of(command, project), replayed=replayed
        )


def _terms(wanted: AccountOpenInput) -> OpeningTerms:
    return OpeningTerms(
        customer_name=wanted.customer_name,
        customer_phone=wanted.customer_phone,
        prices_e4=(
            _price(wanted.price_sharp, "priceSharp"),
            _price(wanted.price_peak, "pricePeak"),
            _price(wanted.price_flat, "priceFlat"),
            _price(wanted.price_valley, "priceValley"),
        ),
        alarm_1_fen=_fen(wanted.alarm_amount_1, "alarmAmount1"),
        alarm_2_fen=_fen(wanted.alarm_amount_2, "alarmAmount2"),
        overdraft_fen=_fen(wanted.overdraft, "overdraft"),
    )


def _price(value: Decimal | None, field: str) -> int | None:
    return None if value is None else price_e4_of(value, field)


def _fen(value: Decimal | None, field: str) -> int | None:
    return None if value is None else fen_of(value, field)
