"""Filters and sort orders of meter lists."""

from enum import Enum

import strawberry

from prewatt_graphql.accounts.types import AccountState
from prewatt_graphql.meters.types import Standing
from prewatt_graphql.readings.types import Relay
from prewatt_platform.accounts import meter_list
from prewatt_platform.metering.models import Relay as RelayRow


@strawberry.input(
    description="Filter of the meter list; all given conditions must hold, null is no condition."
)
class MeterFilter:
    """API form of `accounts.meter_list.MeterListFilter`."""

    area: list[str] | None = strawberry.field(default=None, description="First elements of the area's path.")
    relay: Relay | None = strawberry.field(default=None, description="Relay state in the latest reading.")
    account_state: AccountState | None = strawberry.field(
        default=None, description="State of the metering point's account."
    )
    standing: Standing | None = strawberry.field(default=None, description="Standing of the meter.")
    lost: bool | None = strawberry.field(default=None, description="Whether the meter is lost.")
    number: str | None = strawberry.field(
        default=None, description="Part of the meter number; case-sensitive."
    )
    place: str | None = strawberry.field(default=None, description="Part of the place; case-sensitive.")

    def to_platform(self) -> meter_list.MeterListFilter:
        """The platform's form."""
        return meter_list.MeterListFilter(
            area=tuple(self.area) if self.area else None,
            relay=None if self.relay is None else RelayRow(self.relay.name),
            account_state=None if self.account_state is None else self.account_state.name,
            standing=None if self.standing is None else meter_list.Standing(self.standing.name),
            lost=self.lost,
            number=self.number,
            place=self.place,
        )


@strawberry.enum(description="Sort key of the meter list.")
class MeterOrderField(Enum):
    """Sort keys; the meter id decides between equal keys."""

    NUMBER = strawberry.enum_value("NUMBER", description="Meter number.")
    PLACE = strawberry.enum_value("PLACE", description="Place of the metering point.")


@strawberry.enum(description="Sort direction.")
class Direction(Enum):
    """Sort direction."""

    ASC = strawberry.enum_value("ASC", description="Ascending.")
    DESC = strawberry.enum_value("DESC", description="Descending.")


@strawberry.input(description="Order of the meter list.")
class MeterOrder:
    """API form of `accounts.meter_list.MeterListOrder`."""

    field: MeterOrderField = strawberry.field(default=MeterOrderField.NUMBER, description="Sort key.")
    direction: Direction = strawberry.field(default=Direction.ASC, description="Sort direction.")

    def to_platform(self) -> meter_list.MeterListOrder:
        """The platform's form."""
        by_place = self.field is MeterOrderField.PLACE
        return meter_list.MeterListOrder(
            "place" if by_place else "number", descending=self.direction is Direction.DESC
        )

    @property
    def name(self) -> str:
        """Name of the order in its cursors."""
        return f"{self.field.name} {self.direction.name}"
