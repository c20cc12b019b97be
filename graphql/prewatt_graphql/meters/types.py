"""Meter types with their latest state."""

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
from prewatt_platform.accounts.meter_list import MeterListRow
from prewatt_platform.control.models import CommandKind
from prewatt_platform.control.rules import observed_mode
from prewatt_platform.metering.models import Gateway as GatewayRow
from prewatt_platform.metering.models import Reading as ReadingRow
from prewatt_platform.metering.readings import ReadingRepository
from prewatt_platform.projects.models import Project


@strawberry.enum(description="What we want of a metering point's supply.")
class ControlMode(Enum):
    """Mirrors the platform's."""

    PREPAID = strawberry.enum_value("PREPAID", description="Forced control is off: the credit decides.")
    KEEP_SUPPLY = strawberry.enum_value("KEEP_SUPPLY", description="Forced on, whatever the credit is.")
    FORCED_OFF = strawberry.enum_value("FORCED_OFF", description="Forced off, whatever the credit is.")


@strawberry.enum(description="One word for how a meter stands; the first that fits, from LOST downwards.")
class Standing(Enum):
    """The six colours of the board."""

    OPENED = strawberry.enum_value("OPENED", description="Open and in credit.")
    ALARM_1 = strawberry.enum_value("ALARM_1", description="The credit is at or below alarm amount 1.")
    ALARM_2 = strawberry.enum_value("ALARM_2", description="The credit is at or below alarm amount 2.")
    ARREARS = strawberry.enum_value("ARREARS", description="The credit is used up.")
    UNOPENED = strawberry.enum_value("UNOPENED", description="No account is open.")
    LOST = strawberry.enum_value("LOST", description="Not heard for longer than the limit.")


@strawberry.enum(description="Where a metering point's money is counted.")
class BalanceLocation(Enum):
    """Mirrors the platform's."""

    METER = strawberry.enum_value("METER", description="In the meter, which deducts and cuts off by itself.")
    PLATFORM = strawberry.enum_value("PLATFORM", description="In our books.")
    NONE = strawberry.enum_value("NONE", description="Nowhere: it is measured and reported only.")


@strawberry.type(description="A serial server or communication manager: the way to the buses.")
class Gateway(Node):
    """Built by `gateway_of`."""

    number: str = strawberry.field(description="Its number; the first three digits are the project's.")
    name: str = strawberry.field(description="What people call it.")
    kind: str = strawberry.field(description="`serial-server` or `manager`.")


def gateway_of(row: GatewayRow, project: Project) -> Gateway:
    """A gateway as the API shows it."""
    return Gateway(
        id=global_id("Gateway", project.code, row.number), number=row.number, name=row.name, kind=row.kind
    )


@strawberry.type(description="A meter at its metering point.")
class Meter(Node):
    """A row of the meter list; other fields come from loaders."""

    row: strawberry.Private[MeterListRow]
    project: strawberry.Private[Project]
    number: str = strawberry.field(description="Gateway number, port and bus address: ten characters.")
    model: str = strawberry.field(description="The meter's model.")
    place: str = strawberry.field(description="The metering point: shop number, room.")
    area: list[str] = strawberry.field(description="Where the point is, from the whole to the part.")
    port: int = strawberry.field(description="Which bus of the gateway.")
    bus_address: int = strawberry.field(description="Its address on the bus.")
    ct: int = strawberry.field(description="Ratio of the current transformer.")
    pt: int = strawberry.field(description="Ratio of the voltage transformer.")
    postpaid: bool = strawberry.field(description="Whether it is billed afterwards.")
    remark: str | None = strawberry.field(description="A note.")
    balance_location: BalanceLocation = strawberry.field(description="Where its money is counted.")
    account: Account | None = strawberry.field(
        description="The account that owns the point now; null: unopened."
    )
    account_state: AccountState = strawberry.field(
        description="The account's state, also when there is none."
    )
    standing: Standing = strawberry.field(description="How it stands, in one word.")
    control_mode: ControlMode = strawberry.field(description="What we want of the supply.")
    relay: Relay = strawberry.field(description="What the meter said of its relay last.")
    relay_read_at: datetime | None = strawberry.field(description="When it said so.")
    lost: bool = strawberry.field(description="Not heard for three reading intervals, at least ten minutes.")
    last_heard_at: datetime | None = strawberry.field(description="When it was heard last.")
    reading_interval_minutes: int | None = strawberry.field(
        description="How often it is read; null: as often as the project says."
    )

    @strawberry.field(description="The way to its bus.")
    async def gateway(self, info: Info) -> Gateway:
        row = await info.context.loaders.gateways.load(self.row.meter.gateway_number)
        assert row is not None, "a meter's gateway exists: the database says so"
        return gateway_of(row, self.project)

    @strawberry.field(description="The latest reading; null before the first.")
    async def reading(self, info: Info) -> Reading | None:
        row = await self._latest(info)
        return None if row is None else reading_of(row, self.project.currency)

    @strawberry.field(
        description="Money counted in the meter: the credit it showed last. Not counted anywhere: what it would owe, "
        "base minus reading at price 1.0000. Null before the first reading."
    )
    async def balance(self, info: Info) -> Money | None:
        return maybe_money(_balance_fen(self.row, await self._latest(info)), self.project.currency)

    @strawberry.field(
        description="The control mode that the meter's forced control amounted to last; null: it has none."
    )
    async def control_mode_observed(self, info: Info) -> ControlMode | None:
        row = await self._latest(info)
        seen = None if row is None else observed_mode(row.forced_mode, row.forced_closed)
        return None if seen is None else ControlMode(seen)

    @strawberry.field(description="The sale that is being delivered; null: none is.")
    async def open_order(self, info: Info) -> Sale | None:
        order = await info.context.loaders.open_orders.load(self.row.meter.id)
        if order is None or order.kind != CommandKind.SALE:
            return None
        sale = await info.context.loaders.sales.load(order.id)
        return None if sale is None else Sale.of(sale, self.project)

    @strawberry.field(description="Readings in [from, to) as columns, oldest first.")
    async def readings(
        self,
        info: Info,
        from_: Annotated[datetime, strawberry.argument(name="from", description="Start of the span.")],
        to: Annotated[datetime, strawberry.argument(description="End of the span; not part of it.")],
        max_points: Annotated[
            int, strawberry.argument(description=f"At most this many readings, 1 to {POINTS_MAX}.")
        ] = 1000,
    ) -> ReadingColumns | None:
        if not 1 <= max_points <= POINTS_MAX:
            raise BadInput(f"maxPoints is between 1 and {POINTS_MAX}, not {max_points}", "maxPoints")
        async with info.context.work() as work:
            rows = await ReadingRepository(work).between(self.row.meter.id, from_, to, max_points + 1)
        return columns_of(rows[:max_points], truncated=len(rows) > max_points)

    async def _latest(self, info: Info) -> ReadingRow | None:
        return await info.context.loaders.readings.load(self.row.meter.id)

    @classmethod
    def of(cls, row: MeterListRow, project: Project) -> Self:
        """A row of the board as the API shows it."""
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


@strawberry.type(description="A meter on a page.")
class MeterEdge:
    """One entry of a page."""

    cursor: str = strawberry.field(description="Names this place in the list.")
    node: Meter = strawberry.field(description="The meter.")


def _balance_fen(row: MeterListRow, reading: ReadingRow | None) -> int | None:
    location = BalanceLocation(row.point.balance_location)
    if reading is None or location is BalanceLocation.PLATFORM:
        return None
    if location is BalanceLocation.METER:
        return reading.remaining_fen
    # 0.01 kWh at 1.0000 per kWh is one fen
    return row.point.base_centikwh - reading.energy_centikwh
