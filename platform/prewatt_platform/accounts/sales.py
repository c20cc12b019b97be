"""Sells energy, and cancels orders. Requests are committed here and carried to the meter by `delivery`."""

import contextlib
from uuid import UUID

from prewatt_fixtures.profile import profile
from prewatt_platform.accounts import rules
from prewatt_platform.accounts.errors import (
    AmountRefused,
    NoFreshReading,
    NotCancellable,
    OverHoardingLimit,
    UnknownReceipt,
)
from prewatt_platform.accounts.fresh_reading import known_credit
from prewatt_platform.accounts.models import Order
from prewatt_platform.accounts.owed_fees import owed_fen
from prewatt_platform.accounts.placing import Opened, opened, place
from prewatt_platform.accounts.posting import currency_of
from prewatt_platform.accounts.repository import OrderRepository, PolicyRepository
from prewatt_platform.control.idempotency import once
from prewatt_platform.control.models import TOP_UP_KINDS, Command, CommandKind, CommandState
from prewatt_platform.control.repository import CommandRepository
from prewatt_platform.kernel import audit
from prewatt_platform.kernel.tenancy import Work
from prewatt_platform.ledger.service import Ledger
from prewatt_platform.metering.repository import MeterRepository


class SalesService:
    """Sales of one project, inside one unit of work."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._orders = OrderRepository(work)
        self._commands = CommandRepository(work)

    async def sell(self, key: UUID, meter_number: str, amount_fen: int) -> tuple[Command, bool]:
        """Sell energy to an opened meter: the money is reserved and the order on its way; (command, replayed).

        Of `amount_fen` owed fees and the property fee are taken first, as the policy says; the rest is credit.

        `UnknownMeter`, `NotPrepaid`, `NotOpened`, `OrderOpen`, `MeterOnHold`, `AmountRefused`,
        `OverHoardingLimit`, `GatewayUnreachable`, `IdempotencyMismatch`.
        """

        async def make() -> Command:
            policy = await PolicyRepository(self._work).policy()
            if not policy.sale_min_fen <= amount_fen <= policy.sale_max_fen:
                raise AmountRefused(amount_fen, policy.sale_min_fen, policy.sale_max_fen)
            at = await opened(self._work, meter_number)
            owed = await owed_fen(self._work, at.held.account.id) if policy.owed_share_e4 else 0
            parts = rules.division(amount_fen, owed, policy.owed_share_e4, policy.property_share_e4)
            if policy.hoarding_limit_fen is not None:
                await self._check_hoarding(at, parts.credit_fen, policy.hoarding_limit_fen)
            return await place(
                self._work,
                at,
                CommandKind.SALE,
                parts.credit_fen,
                fee_fen=rules.service_fee_fen(parts.credit_fen, policy.fee_e4, policy.fee_fixed_fen),
                owed_fen=parts.owed_fen,
                property_fen=parts.property_fen,
            )

        content = {"meter": meter_number, "amount_fen": amount_fen}
        return await once(self._work, "saleCreate", key, content, make)

    async def _check_hoarding(self, at: Opened, amount_fen: int, limit_fen: int) -> None:
        """By the latest reading, for an early answer; the meter is asked again before anything is sent."""
        with contextlib.suppress(NoFreshReading):
            credit_fen, _ = await known_credit(self._work, at.meter, at.epoch)
            if credit_fen + amount_fen > limit_fen:
                raise OverHoardingLimit(at.meter, credit_fen, limit_fen)

    async def cancel(self, key: UUID, receipt_number: str, reason: str | None) -> tuple[Command, bool]:
        """Cancel an open order; (command, replayed). Never sent: VOIDED at once. A sale that may have been sent: FENCING.

        `UnknownReceipt`, `NotCancellable`, `IdempotencyMismatch`; `CommandChanged` when it moved at the same moment.
        """

        async def make() -> Command:
            order = await self._orders.by_receipt(receipt_number)
            if order is None:
                raise UnknownReceipt(receipt_number)
            command = await self._commands.by_id(order.command_id)
            assert command is not None, "an order and its command are written together"
            if command.state == CommandState.RESERVED:
                detail = "cancelled before anything was sent"
                # the command moves first, as everywhere: its version decides which of two requests posts
                await self._commands.move(command, CommandState.VOIDED, due_at=None, detail=detail)
                await Ledger(self._work, await currency_of(self._work)).void(command.id, reason="cancelled")
            else:
                await self._check_fence(order, command)
                await self._commands.move(
                    command,
                    CommandState.FENCING,
                    due_at=self._work.clock.now(),
                    detail="cancelled; the meter decides whether it has the money",
                )
            audit.record(
                self._work,
                f"{command.kind} cancelled",
                f"meter {order.meter_number}",
                command=str(command.id),
                receipt=order.receipt_number,
                state=command.state,
                reason=reason,
            )
            return command

        content = {"receipt": receipt_number, "reason": reason}
        return await once(self._work, "saleCancel", key, content, make)

    async def _check_fence(self, order: Order, command: Command) -> None:
        if command.final:
            raise NotCancellable(order, f"it is {command.state} already")
        if command.state == CommandState.FENCING:
            raise NotCancellable(order, "it is being cancelled already")
        if order.kind not in TOP_UP_KINDS:
            raise NotCancellable(
                order, "it may be in the meter; only a sale or grant is cancelled after sending"
            )
        meter = await MeterRepository(self._work).by_id(order.meter_id)
        assert meter is not None, "an order's meter exists: the database says so"
        prepayment = profile(meter.model).prepayment
        if prepayment is None or prepayment.counter_rule not in rules.RESENDING_RULES:
            raise NotCancellable(
                order, "it may be in the meter, and this model does not check purchase counts"
            )
