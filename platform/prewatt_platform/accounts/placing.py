"""Places money orders: which meter may get one, its row with the names and prices of the day, its reserved money."""

from dataclasses import dataclass
from uuid import UUID

from prewatt_fixtures.profile import profile
from prewatt_platform.accounts.errors import MeterOnHold, NotOpened, OrderOpen
from prewatt_platform.accounts.models import AccountState, Order
from prewatt_platform.accounts.posting import post_reserved
from prewatt_platform.accounts.repository import AccountRepository, AccountWithCustomer, OrderRepository
from prewatt_platform.control.errors import NotPrepaid
from prewatt_platform.control.models import Command, CommandKind, CommandState
from prewatt_platform.control.repository import CommandRepository
from prewatt_platform.control.service import new_command
from prewatt_platform.kernel import audit
from prewatt_platform.kernel.tenancy import Work
from prewatt_platform.metering.models import Meter, MeterEpoch, Point
from prewatt_platform.metering.repository import MeterRepository
from prewatt_platform.metering.service import MeteringService
from prewatt_platform.projects.repository import ProjectRepository
from prewatt_platform.tariffs.service import in_force
from prewatt_platform.tariffs.terms import Medium


@dataclass(frozen=True, slots=True)
class Opened:
    """An opened meter without an open order, with its row locked, its point, its account and its running epoch."""

    meter: Meter
    point: Point
    held: AccountWithCustomer
    epoch: MeterEpoch


async def orderable(work: Work, meter_number: str) -> Meter:
    """The prepaid meter of that number, locked: no order is open on it and no person has to decide about it.

    Raises `UnknownMeter`, `NotPrepaid`, `MeterOnHold`, `OrderOpen`, `GatewayUnreachable`.
    """
    metering = MeteringService(work)
    meter = await metering.meter(meter_number, for_update=True)
    if meter.postpaid or not profile(meter.model).prepaid:
        raise NotPrepaid(meter.number, meter.model)
    if meter.hold_reason is not None:
        raise MeterOnHold(meter)
    open_order = (await CommandRepository(work).open_money_orders([meter.id])).get(meter.id)
    if open_order is not None:
        raise OrderOpen(meter, open_order)
    await metering.address(meter)
    return meter


async def opened(work: Work, meter_number: str) -> Opened:
    """The meter as `orderable` gives it, when its account is open. Raises the same, and `NotOpened`."""
    meter = await orderable(work, meter_number)
    meters = MeterRepository(work)
    point = await meters.point(meter.point_id)
    held = (await AccountRepository(work).of_points([point.id])).get(point.id)
    epoch = await meters.epoch(meter)
    if held is None or held.account.state != AccountState.OPEN or epoch is None:
        raise NotOpened(meter)
    return Opened(meter, point, held, epoch)


async def place(
    work: Work,
    at: Opened,
    kind: CommandKind,
    amount_fen: int,
    *,
    fee_fen: int = 0,
    owed_fen: int = 0,
    property_fen: int = 0,
    reverses: UUID | None = None,
    programme: str | None = None,
    reason: str | None = None,
) -> Command:
    """Write a money order with its command, and reserve its money."""
    project = await ProjectRepository(work).by_id(work.project_id)
    assert project is not None
    orders = OrderRepository(work)
    version = (await in_force(work, [at.point], Medium.ELECTRICITY, work.clock.now())).get(at.point.id)
    command = await CommandRepository(work).add_command(
        new_command(work, at.meter, kind, CommandState.RESERVED, {})
    )
    order = await orders.add(
        Order(
            project_id=work.project_id,
            command_id=command.id,
            kind=kind,
            receipt_number=f"{project.code}{await orders.next_receipt():08d}",
            account_id=at.held.account.id,
            point_id=at.point.id,
            meter_id=at.meter.id,
            epoch=at.epoch.epoch,
            amount_fen=amount_fen,
            fee_fen=fee_fen,
            owed_fen=owed_fen,
            property_fen=property_fen,
            reverses=reverses,
            programme=programme,
            reason=reason,
            created_at=work.clock.now(),
            meter_number=at.meter.number,
            place=at.point.place,
            customer_name=at.held.customer.name,
            operator_name=work.scope.actor.name,
            prices_e4=at.point.prices_e4,
            plan_version_id=None if version is None else version.id,
            multiplier=at.meter.ct * at.meter.pt,
        )
    )
    await post_reserved(work, order, command)
    audit.record(
        work,
        f"{kind.lower()} reserved",
        f"meter {at.meter.number}",
        command=str(command.id),
        receipt=order.receipt_number,
        amount_fen=amount_fen,
        fee_fen=fee_fen,
        owed_fen=owed_fen,
        property_fen=property_fen,
        programme=programme,
        reason=reason,
    )
    return command
