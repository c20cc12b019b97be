"""Opens accounts and sells to them. Requests are committed here and carried to the meter by the handlers
in `opening` and `delivery`.
"""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from prewatt_platform.accounts import rules
from prewatt_platform.accounts.errors import (
    AlarmsDoNotFit,
    AlreadyOpened,
    CustomerNameMissing,
    TermRefused,
)
from prewatt_platform.accounts.models import Account, AccountPoint, AccountState, Customer
from prewatt_platform.accounts.placing import orderable
from prewatt_platform.accounts.repository import AccountRepository
from prewatt_platform.control.idempotency import once
from prewatt_platform.control.models import Command, CommandKind, CommandState
from prewatt_platform.control.repository import CommandRepository
from prewatt_platform.control.service import new_command
from prewatt_platform.kernel import audit
from prewatt_platform.kernel.tenancy import Work
from prewatt_platform.metering.models import Point
from prewatt_platform.metering.repository import MeterRepository
from prewatt_platform.metering.service import MeteringService
from prewatt_platform.tariffs.service import in_force
from prewatt_platform.tariffs.terms import Medium

NO_PRICES: Final = (None, None, None, None)


@dataclass(frozen=True, slots=True)
class OpeningTerms:
    """Terms of an account opening; None keeps the point's value. Without any price those of the plan in force are taken."""

    customer_name: str
    customer_phone: str | None = None
    prices_e4: tuple[int | None, int | None, int | None, int | None] = (None, None, None, None)
    alarm_1_fen: int | None = None
    alarm_2_fen: int | None = None
    overdraft_fen: int | None = None

    def content(self) -> dict[str, Any]:
        """As plain data, for the idempotency hash."""
        return {
            "customer": [self.customer_name, self.customer_phone],
            "prices": list(self.prices_e4),
            "alarms": [self.alarm_1_fen, self.alarm_2_fen],
            "overdraft": self.overdraft_fen,
        }


class AccountService:
    """Accounts of one project, inside one unit of work."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._accounts = AccountRepository(work)
        self._commands = CommandRepository(work)
        self._meters = MeterRepository(work)
        self._metering = MeteringService(work)

    async def open(self, key: UUID, meter_number: str, terms: OpeningTerms) -> tuple[Command, bool]:
        """Ask for an account on a meter that has none; (command, replayed). OPENING until the meter was read back.

        `UnknownMeter`, `NotPrepaid`, `AlreadyOpened`, `OrderOpen`, `MeterOnHold`, `GatewayUnreachable`,
        `CustomerNameMissing`, `TermRefused`, `AlarmsDoNotFit`, `IdempotencyMismatch`.
        """

        async def make() -> Command:
            _check_terms(terms)
            meter = await orderable(self._work, meter_number)
            point = await self._meters.point(meter.point_id, for_update=True)
            if await self._accounts.of_points([point.id]):
                raise AlreadyOpened(meter)
            if terms.prices_e4 == NO_PRICES:
                await self._take_plan_prices(point)
            _set_terms(point, terms)
            account = await self.add_account(
                point, terms.customer_name.strip(), terms.customer_phone, AccountState.OPENING
            )
            command = await self._commands.add_command(
                new_command(
                    self._work,
                    meter,
                    CommandKind.ACCOUNT_OPEN,
                    CommandState.REQUESTED,
                    {"account": str(account.id)},
                )
            )
            audit.record(
                self._work,
                "account opening asked",
                f"meter {meter.number}",
                account=str(account.id),
                command=str(command.id),
                **terms.content(),
            )
            return command

        return await once(self._work, "accountOpen", key, {"meter": meter_number, **terms.content()}, make)

    async def _take_plan_prices(self, point: Point) -> None:
        """Prices of the plan in force on the point; without a plan the point keeps its own."""
        found = await in_force(self._work, [point], Medium.ELECTRICITY, self._work.clock.now())
        if point.id in found:
            point.prices_e4 = list(found[point.id].checked.meter_prices_e4)

    async def add_account(self, point: Point, name: str, phone: str | None, state: AccountState) -> Account:
        """A new customer with an account that owns the point; writes nothing to the meter."""
        customer, account, owned = account_rows(self._work, point.id, name, phone, state)
        await self._accounts.add(customer)
        await self._accounts.add(account)
        await self._accounts.add(owned)
        return account


def account_rows(
    work: Work, point_id: UUID, name: str, phone: str | None, state: AccountState
) -> tuple[Customer, Account, AccountPoint]:
    """The rows of a new customer whose account owns the point, in the order in which they are written."""
    now = work.clock.now()
    customer = Customer(project_id=work.project_id, id=work.new_id(), name=name, phone=phone)
    account = Account(
        project_id=work.project_id,
        id=work.new_id(),
        customer_id=customer.id,
        state=state,
        created_at=now,
        opened_at=now if state is AccountState.OPEN else None,
    )
    owned = AccountPoint(project_id=work.project_id, account_id=account.id, point_id=point_id, from_at=now)
    return customer, account, owned


def _check_terms(terms: OpeningTerms) -> None:
    if not terms.customer_name.strip():
        raise CustomerNameMissing
    for term, text, length_max in (
        ("customer_name", terms.customer_name, rules.CUSTOMER_NAME_MAX),
        ("customer_phone", terms.customer_phone or "", rules.CUSTOMER_PHONE_MAX),
    ):
        if len(text) > length_max:
            raise TermRefused(term, f"has at most {length_max} characters")
    sharp, peak, flat, valley = terms.prices_e4
    for term, value, most in (
        ("price_sharp", sharp, rules.PRICE_MAX_E4),
        ("price_peak", peak, rules.PRICE_MAX_E4),
        ("price_flat", flat, rules.PRICE_MAX_E4),
        ("price_valley", valley, rules.PRICE_MAX_E4),
        ("alarm_amount_1", terms.alarm_1_fen, rules.AMOUNT_MAX_FEN),
        ("alarm_amount_2", terms.alarm_2_fen, rules.AMOUNT_MAX_FEN),
        ("overdraft", terms.overdraft_fen, rules.AMOUNT_MAX_FEN),
    ):
        if value is not None and not 0 <= value <= most:
            raise TermRefused(term, "is below zero or too much")


def _set_terms(point: Point, terms: OpeningTerms) -> None:
    point.prices_e4 = [
        kept if wanted is None else wanted
        for kept, wanted in zip(point.prices_e4, terms.prices_e4, strict=True)
    ]
    if terms.alarm_1_fen is not None:
        point.alarm_1_fen = terms.alarm_1_fen
    if terms.alarm_2_fen is not None:
        point.alarm_2_fen = terms.alarm_2_fen
    if terms.overdraft_fen is not None:
        point.overdraft_fen = terms.overdraft_fen
    if not point.alarm_1_fen > point.alarm_2_fen >= 0:
        raise AlarmsDoNotFit(point.alarm_1_fen, point.alarm_2_fen)
