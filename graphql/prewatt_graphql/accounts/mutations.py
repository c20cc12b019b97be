"""Opening an account, and selling to it."""

from decimal import Decimal
from typing import Annotated

import strawberry

from prewatt_graphql.accounts.types import Account, Sale
from prewatt_graphql.commands.types import Command
from prewatt_graphql.context import Info
from prewatt_graphql.meters.types import Meter
from prewatt_graphql.payloads import CommandPayload, IdempotentInput, mutation
from prewatt_graphql.quantities import fen_of, price_e4_of
from prewatt_platform.accounts.service import AccountService, OpeningTerms


@strawberry.input(description="A customer for a meter. What is null stays as the metering point has it.")
class AccountOpenInput(IdempotentInput):
    """What `accountOpen` takes."""

    meter_number: str = strawberry.field(description="The meter.")
    customer_name: str = strawberry.field(description="The customer.")
    customer_phone: str | None = strawberry.field(default=None, description="Where to reach them.")
    price_sharp: Decimal | None = strawberry.field(
        default=None, description="Per kWh at the sharp rate, 4 decimals."
    )
    price_peak: Decimal | None = strawberry.field(
        default=None, description="Per kWh at the peak rate, 4 decimals."
    )
    price_flat: Decimal | None = strawberry.field(
        default=None, description="Per kWh at the flat rate, 4 decimals."
    )
    price_valley: Decimal | None = strawberry.field(
        default=None, description="Per kWh at the valley rate, 4 decimals."
    )
    alarm_amount_1: Decimal | None = strawberry.field(default=None, description="Credit that raises alarm 1.")
    alarm_amount_2: Decimal | None = strawberry.field(
        default=None, description="Credit that raises alarm 2; below 1."
    )
    overdraft: Decimal | None = strawberry.field(
        default=None, description="How far below zero supply goes on."
    )


@strawberry.type(description="The account, and the command that opens it in the meter.")
class AccountOpenPayload(CommandPayload):
    """What `accountOpen` gives."""

    account: Account | None = strawberry.field(
        default=None, description="OPENING until the meter was read back."
    )


@strawberry.input(description="Money for energy.")
class SaleCreateInput(IdempotentInput):
    """What `saleCreate` takes."""

    meter_number: str = strawberry.field(description="The meter; its account must be open.")
    amount: Decimal = strawberry.field(
        description="What was paid, in the project's currency; at most 2 decimals."
    )


@strawberry.type(description="The sale, and the command that delivers it.")
class SaleCreatePayload(CommandPayload):
    """What `saleCreate` gives."""

    sale: Sale | None = strawberry.field(default=None, description="The sale, with its receipt's number.")


@strawberry.type
class AccountMutations:
    """Root mutations on accounts and sales."""

    @mutation(AccountOpenPayload, "Open an account on a prepaid meter: its credit starts from zero.")
    async def account_open(
        self,
        info: Info,
        input: Annotated[AccountOpenInput, strawberry.argument(description="Who, where, how.")],  # noqa: A002 - the API's own word
    ) -> AccountOpenPayload:
        project = info.context.here.project
        async with info.context.work() as work:
            command, replayed = await AccountService(work).open(
                input.idempotency_key, input.meter_number, _terms(input)
            )
        row = await info.context.loaders.meters.load(command.meter_id)
        assert row is not None, "a command's meter exists: the database says so"
        return AccountOpenPayload(
            account=Meter.of(row, project).account, command=Command.of(command, project), replayed=replayed
        )

    @mutation(SaleCreatePayload, "Sell energy: the money is reserved at once and delivered exactly once.")
    async def sale_create(
        self,
        info: Info,
        input: Annotated[SaleCreateInput, strawberry.argument(description="To whom, how much.")],  # noqa: A002 - the API's own word
    ) -> SaleCreatePayload:
        project = info.context.here.project
        amount_fen = fen_of(input.amount, "amount")
        async with info.context.work() as work:
            command, replayed = await AccountService(work).sell(
                input.idempotency_key, input.meter_number, amount_fen
            )
        sale = await info.context.loaders.sales.load(command.id)
        assert sale is not None, "a sale's command delivers one: the database says so"
        return SaleCreatePayload(
            sale=Sale.of(sale, project), command=Command.of(command, project), replayed=replayed
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
