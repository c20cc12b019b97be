"""Filters and sort orders of meter lists."""

from enum import Enum

import strawberry

from prewatt_graphql.accounts.types import AccountState
from prewatt_graphql.meters.types import Standing
from prewatt_graphql.readings.types import Relay
from prewatt_platform.accounts import meter_list
from prewatt_platform.metering.models import Relay as RelayRow


@strawberry.input(description="What to look for; everything given must fit.")
class MeterFilter:
    """The board's filter."""

    area: list[str] | None = strawberry.field(default=None, description="A prefix of the area's path.")
    relay: Relay | None = strawberry.field(default=None, description="How the relay stood last.")
    account_state: AccountState | None = strawberry.field(
        default=None, description="State of the point's account."
    )
    standing: Standing | None = strawberry.field(default=None, description="How the meter stands.")
    lost: bool | None = strawberry.field(default=None, description="Whether it is lost.")
    number: str | None = strawberry.field(default=None, description="A part of the number.")
    place: str | None = strawberry.field(default=None, description="A part of the place.")

    def wanted(self) -> meter_list.MeterListFilter:
        """The same in the platform's words."""
        return meter_list.MeterListFilter(
            area=tuple(self.area) if self.area else None,
            relay=None if self.relay is None else RelayRow(self.relay.name),
            account_state=None if self.account_state is None else self.account_state.name,
            standing=None if self.standing is None else meter_list.Standing(self.standing.name),
            lost=self.lost,
            number=self.number,
            place=self.place,
        )


@strawberry.enum(description="What meters can be sorted by.")
class MeterOrderField(Enum):
    """The board's sort keys; the meter's id breaks ties."""

    NUMBER = strawberry.enum_value("NUMBER", description="The meter's number.")
    PLACE = strawberry.enum_value("PLACE", description="The metering point.")


@strawberry.enum(description="Which way to sort.")
class Direction(Enum):
    """Up or down."""

    ASC = strawberry.enum_value("ASC", description="Upwards.")
    DESC = strawberry.enum_value("DESC", description="Downwards.")


@strawberry.input(description="How to sort meters.")
class MeterOrder:
    """The board's order."""

    field: MeterOrderField = strawberry.field(default=MeterOrderField.NUMBER, description="What to sort by.")
    direction: Direction = strawberry.field(default=Direction.ASC, description="Which way.")

    def wanted(self) -> meter_list.MeterListOrder:
        """The same in the platform's words."""
        by_place = self.field is MeterOrderField.PLACE
        return meter_list.MeterListOrder(
            "place" if by_place else "number", descending=self.direction is Direction.DESC
        )

    @property
    def name(self) -> str:
        """Name of the order in its cursors."""
        return f"{self.field.name} {self.direction.name}"
