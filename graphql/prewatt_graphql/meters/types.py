"""Types of meters and gateways."""

from datetime import datetime
from enum import Enum
from typing import Annotated, Self

import strawberry

from prewatt_graphql.accounts.types import Account, AccountState, Sale, account_of
from prewatt_graphql.context import Info
from prewatt_graphql.errors import BadInput
from prewatt_graphql.ids import global_id
from prewatt_graphql.limit_values import POINTS_MAX
from prewatt_graphql.node import Node
from prewatt_graphql.quantities import Money, maybe_money
from prewatt_graphql.readings.types import Reading, ReadingColumns, Relay, columns_of, reading_of
from prewatt_graphql.tariffs.types import PricePlanVersion
from prewatt_platform.accounts.meter_list import MeterListRow
from prewatt_platform.accounts.rules import COUNT_NEAR_END
from prewatt_platform.control.rules import observed_mode
from prewatt_platform.metering.models import Gateway as GatewayRow
from prewatt_platform.metering.models import Reading as ReadingRow
from prewatt_platform.metering.readings import ReadingRepository
from prewatt_platform.projects.models import Project
from prewatt_platform.tariffs.terms import price_differences


@strawberry.enum(description="Wanted control of a metering point's supply.")
class ControlMode(Enum):
    """`metering.models.ControlMode`."""

    PREPAID = strawberry.enum_value(
        "PREPAID", description="Forced control off: the meter switches by its credit."
    )
    KEEP_SUPPLY = strawberry.enum_value(
        "KEEP_SUPPLY", description="Forced control on, relay closed: supply whatever the credit is."
    )
    FORCED_OFF = strawberry.enum_value(
        "FORCED_OFF", description="Forced control on, relay open: no supply whatever the credit is."
    )


@strawberry.enum(
    description="Summary of a meter's state: the first that holds in the order LOST, UNOPENED, ARREARS, ALARM_2, ALARM_1, OPENED."
)
class Standing(Enum):
    """`accounts.meter_list.Standing`."""

    OPENED = strawberry.enum_value(
        "OPENED", description="The account is open and the meter reports no alarm and no arrears."
    )
    ALARM_1 = strawberry.enum_value(
        "ALARM_1", description="The meter reports alarm 1: credit at or below alarm amount 1."
    )
    ALARM_2 = strawberry.enum_value(
        "ALARM_2", description="The meter reports alarm 2: credit at or below alarm amount 2."
    )
    ARREARS = strawberry.enum_value("ARREARS", description="The meter reports that the credit is used up.")
    UNOPENED = strawberry.enum_value("UNOPENED", description="The metering point has no open account.")
    LOST = strawberry.enum_value(
        "LOST",
        description="Not heard for three reading intervals, at least ten minutes.",
    )


@strawberry.enum(description="Place where a metering point's balance is kept.")
class BalanceLocation(Enum):
    """`metering.models.BalanceLocation`."""

    METER = strawberry.enum_value(
        "METER", description="In the meter, which deducts consumption and cuts off by itself."
    )
    PLATFORM = strawberry.enum_value("PLATFORM", description="In the platform's ledger.")
    NONE = strawberry.enum_value("NONE", description="Nowhere: consumption is measured and reported only.")


@strawberry.type(description="A serial server or communication manager with RS-485 buses.")
class Gateway(Node):
    """Built by `gateway_of`."""

    number: str = strawberry.field(
        description="Gateway number, six digits; the first three are the project's code."
    )
    name: str = strawberry.field(description="Name of the gateway.")
    kind: str = strawberry.field(description="`serial-server` or `manager`.")


def gateway_of(row: GatewayRow, project: Project) -> Gateway:
    """The API type of a gateway row."""
    return Gateway(
        id=global_id("Gateway", project.code, row.number), number=row.number, name=row.name, kind=row.kind
    )


@strawberry.type(description="A meter installed at a metering point.")
class Meter(Node):
    """A row of the meter list; other fields come from loaders."""

    row: strawberry.Private[MeterListRow]
    project: strawberry.Private[Project]
    number: str = strawberry.field(
        description="Meter number, ten characters: gateway number (6 digits), port and bus address (2 hexadecimal digits each)."
    )
    model: str = strawberry.field(description="Model of the meter.")
    place: str = strawberry.field(description="Name of the metering point, such as a shop or room number.")
    area: list[str] = strawberry.field(description="Path of areas to the metering point, largest first.")
    port: int = strawberry.field(description="Port of the gateway, 1 to 255: one RS-485 bus.")
    bus_address: int = strawberry.field(description="Modbus address on the bus.")
    ct: int = strawberry.field(description="Current transformer ratio; 1 without a transformer.")
    pt: int = strawberry.field(description="Voltage transformer ratio; 1 without a transformer.")
    postpaid: bool = strawberry.field(
        description="Whether the meter is billed after use, without prepayment."
    )
    hold_reason: str | None = strawberry.field(
        description="Why no money may be sent to the meter until a person decides; null: no hold."
    )
    remark: str | None = strawberry.field(description="Remark from the site file.")
    balance_location: BalanceLocation = strawberry.field(description="Place where the balance is kept.")
    account: Account | None = strawberry.field(
        description="Present account of the metering point; null when UNOPENED."
    )
    account_state: AccountState = strawberry.field(description="State of the account; UNOPENED without one.")
    standing: Standing = strawberry.field(description="Summary of the meter's state.")
    control_mode: ControlMode = strawberry.field(description="Wanted control mode.")
    relay: Relay = strawberry.field(description="Relay state in the latest reading.")
    relay_read_at: datetime | None = strawberry.field(
        description="Time of the reading that `relay` is from; null when UNKNOWN."
    )
    lost: bool = strawberry.field(
        description="Whether the meter was not heard for three reading intervals, at least ten minutes."
    )
    last_heard_at: datetime | None = strawberry.field(
        description="When the meter last answered; null: never."
    )
    reading_interval_minutes: int | None = strawberry.field(
        description="Minutes between readings; null: the project's interval applies."
    )

    @strawberry.field(description="Gateway of the meter's bus.")
    async def gateway(self, info: Info) -> Gateway:
        row = await info.context.loaders.gateways.load(self.row.meter.gateway_number)
        assert row is not None, "a meter's gateway exists: the database says so"
        return gateway_of(row, self.project)

    @strawberry.field(
        description="Version of the price plan that is in force on the metering point now; null: no plan reaches it, or the meter measures no energy."
    )
    async def price_plan(self, info: Info) -> PricePlanVersion | None:
        found = await info.context.loaders.plans.load(self.row.point.id)
        return None if found is None else PricePlanVersion.of(found.plan, found.version)

    @strawberry.field(
        description="Differences between the prices in the meter, by its latest reading, and those of step 1 of the plan in force, with both sides; empty when they agree or one side is not known."
    )
    async def plan_differences(self, info: Info) -> list[str]:
        found = await info.context.loaders.plans.load(self.row.point.id)
        shown = await self._latest(info)
        if found is None or shown is None or shown.prices_e4 is None:
            return []
        wanted = found.version.checked.meter_prices_e4
        return price_differences(shown.prices_e4, wanted, f"plan {found.plan.name}")

    @strawberry.field(description="The latest reading; null before the first.")
    async def reading(self, info: Info) -> Reading | None:
        row = await self._latest(info)
        return None if row is None else reading_of(row, self.project.currency)

    @strawberry.field(
        description="Balance METER: credit in the latest reading, negative when in debt. Balance NONE: base energy minus "
        "reading, in kWh at a price of 1.0000. Null for balance PLATFORM and before the first reading."
    )
    async def balance(self, info: Info) -> Money | None:
        return maybe_money(_balance_fen(self.row, await self._latest(info)), self.project.currency)

    @strawberry.field(
        description="Control mode that the forced control registers meant in the latest reading; null when the meter has none."
    )
    async def control_mode_observed(self, info: Info) -> ControlMode | None:
        row = await self._latest(info)
        seen = None if row is None else observed_mode(row.forced_mode, row.forced_closed)
        return None if seen is None else ControlMode(seen)

    @strawberry.field(
        description="Whether the purchase count in the latest reading has used nine tenths of its 65,535: at the end the meter "
        "takes no money until its count is set back and a new epoch is confirmed."
    )
    async def purchase_count_near_end(self, info: Info) -> bool:
        row = await self._latest(info)
        return row is not None and (row.purchase_count or 0) >= COUNT_NEAR_END

    @strawberry.field(description="Sale, refund or reversal that is being carried out; null without one.")
    async def open_order(self, info: Info) -> Sale | None:
        order = await info.context.loaders.open_orders.load(self.row.meter.id)
        if order is None:
            return None
        sale = await info.context.loaders.orders.load(order.id)
        return None if sale is None else Sale.of(sale, self.project)

    @strawberry.field(
        description="Readings with from <= time < to as parallel columns, oldest first. Errors: BAD_INPUT."
    )
    async def readings(
        self,
        info: Info,
        from_: Annotated[
            datetime, strawberry.argument(name="from", description="First instant of the span.")
        ],
        to: Annotated[datetime, strawberry.argument(description="End of the span, exclusive.")],
        max_points: Annotated[
            int, strawberry.argument(description=f"Largest number of readings to return, 1 to {POINTS_MAX}.")
        ] = 1000,
    ) -> ReadingColumns | None:
        if not 1 <= max_points <= POINTS_MAX:
            raise BadInput(f"maxPoints is between 1 and {POINTS_MAX}, not {max_points}", "maxPoints")
        async with info.context.work() as work:
            rows = await ReadingRepository(work).in_period(self.row.meter.id, from_, to, max_points + 1)
        return columns_of(rows[:max_points], truncated=len(rows) > max_points)

    async def _latest(self, info: Info) -> ReadingRow | None:
        return await info.context.loaders.readings.load(self.row.meter.id)

    @classmethod
    def of(cls, row: MeterListRow, project: Project) -> Self:
        """The API type of a row of the meter list."""
        meter, point, state = row.meter, row.point, row.state
        account = None
        if row.account is not None and row.customer is not None:
            account = account_of(row.account, row.customer, project)
        return cls(
            row=row,
            project=project,
            id=global_id("Meter", project.code, meter.id),
            number=meter.number,
            model=meter.model,
            place=point.place,
            area=point.area,
            port=meter.port,
            bus_address=meter.bus_address,
            ct=meter.ct,
            pt=meter.pt,
            postpaid=meter.postpaid,
            hold_reason=meter.hold_reason,
            remark=meter.remark,
            balance_location=BalanceLocation(point.balance_location),
            account=account,
            account_state=AccountState(row.account_state),
            standing=Standing(row.standing),
            control_mode=ControlMode(point.control_mode),
            relay=Relay(state.relay),
            relay_read_at=None if Relay(state.relay) is Relay.UNKNOWN else state.reading_at,
            lost=row.lost,
            last_heard_at=state.heard_at,
            reading_interval_minutes=None
            if point.reading_interval_s is None
            else point.reading_interval_s // 60,
        )


@strawberry.type(description="A meter in the list, with its cursor.")
class MeterEdge:
    """One meter of a page."""

    cursor: str = strawberry.field(description="Cursor of this meter, for `after`.")
    node: Meter = strawberry.field(description="The meter.")


def _balance_fen(row: MeterListRow, reading: ReadingRow | None) -> int | None:
    location = BalanceLocation(row.point.balance_location)
    if reading is None or location is BalanceLocation.PLATFORM:
        return None
    if location is BalanceLocation.METER:
        return reading.remaining_fen
    # 0.01 kWh at 1.0000 per kWh is one fen
    return row.point.base_centikwh - reading.energy_centikwh
