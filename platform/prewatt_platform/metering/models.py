"""Tables of gateways, ports, metering points, meters, their latest state, and readings.

A meter's number is stored once; gateway, port and bus address are columns that the database generates from it
(`docs/administrators.md`). Energies are primary, in 0.01 kWh; money is in fen; power in W.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Column, Computed, DateTime, Integer, Text
from sqlmodel import Field, SQLModel


def _instant(*, nullable: bool = False, primary_key: bool = False) -> Column[datetime]:
    return Column(DateTime(timezone=True), nullable=nullable, primary_key=primary_key)


def _big(*, nullable: bool = False) -> Column[int]:
    return Column(BigInteger, nullable=nullable)


class BalanceLocation(StrEnum):
    """Place where a metering point's balance is kept: the meter, our ledger, nowhere."""

    METER = "METER"
    PLATFORM = "PLATFORM"
    NONE = "NONE"


class ControlMode(StrEnum):
    """Wanted control mode of a point's supply."""

    PREPAID = "PREPAID"
    KEEP_SUPPLY = "KEEP_SUPPLY"
    FORCED_OFF = "FORCED_OFF"


class Relay(StrEnum):
    """Relay state reported by the meter."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    UNKNOWN = "UNKNOWN"


class Gateway(SQLModel, table=True):
    """A serial server or communication manager."""

    __tablename__ = "gateways"

    project_id: int = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    number: str
    name: str
    kind: str


class Port(SQLModel, table=True):
    """One RS-485 bus of a gateway. `host` None: the address is not known."""

    __tablename__ = "ports"

    project_id: int = Field(primary_key=True)
    gateway_number: str = Field(primary_key=True)
    port: int = Field(primary_key=True)
    baud: int
    parity: str
    host: str | None = None
    tcp: int | None = None
    framing: str = "rtu"


class Point(SQLModel, table=True):
    """A metered place. It stays when its meter is changed; customer, prices and control mode belong to it."""

    __tablename__ = "points"

    project_id: int = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    place: str
    area: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    nature_of_use: str | None = None
    balance_location: BalanceLocation = Field(sa_column=Column(Text, nullable=False))
    base_centikwh: int = Field(sa_column=_big())
    prices_e4: list[int] = Field(sa_column=Column(ARRAY(BigInteger), nullable=False))
    alarm_1_fen: int = Field(sa_column=_big())
    alarm_2_fen: int = Field(sa_column=_big())
    overdraft_fen: int = Field(sa_column=_big())
    reading_interval_s: int | None = None
    control_mode: ControlMode = Field(default=ControlMode.PREPAID, sa_column=Column(Text, nullable=False))
    control_version: int = 0
    """Rises with every requested mode; a command with an older version is never sent."""


class Meter(SQLModel, table=True):
    """One device for as long as it is installed. A retired meter keeps its row, readings and orders; its number may
    go to its successor, so a number is unique among installed meters only.
    """

    __tablename__ = "meters"

    project_id: int = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    point_id: UUID
    number: str
    gateway_number: str = Field(
        default=None, sa_column=Column(Text, Computed('"left"(number, 6)', persisted=True), nullable=False)
    )
    port: int = Field(
        default=None,
        sa_column=Column(
            Integer,
            Computed("get_byte(decode(substr(number, 7, 2), 'hex'), 0)", persisted=True),
            nullable=False,
        ),
    )
    bus_address: int = Field(
        default=None,
        sa_column=Column(
            Integer,
            Computed("get_byte(decode(substr(number, 9, 2), 'hex'), 0)", persisted=True),
            nullable=False,
        ),
    )
    model: str
    ct: int
    pt: int
    postpaid: bool
    remark: str | None = None
    created_at: datetime = Field(sa_column=_instant())
    retired_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    """When it was taken off the bus; None: installed."""
    epoch: int = 0
    """Number of the running epoch (run of the purchase counter); 0 before the first opening."""
    hold_reason: str | None = None
    """Why no money may be sent until a person decides; None: no hold."""


class MeterEpoch(SQLModel, table=True):
    """One run of a meter's purchase counter. Opening values None: not yet read from an adopted meter."""

    __tablename__ = "meter_epochs"

    project_id: int = Field(primary_key=True)
    meter_id: UUID = Field(primary_key=True)
    epoch: int = Field(primary_key=True)
    started_at: datetime = Field(sa_column=_instant())
    reason: str
    opening_count: int | None = None
    opening_total_fen: int | None = Field(default=None, sa_column=_big(nullable=True))


class MeterState(SQLModel, table=True):
    """Latest state of a meter: the columns that lists filter by. The whole reading is in `readings`."""

    __tablename__ = "meter_states"

    project_id: int = Field(primary_key=True)
    meter_id: UUID = Field(primary_key=True)
    heard_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    reading_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    relay: Relay = Field(default=Relay.UNKNOWN, sa_column=Column(Text, nullable=False))
    alarm_1: bool = False
    alarm_2: bool = False
    arrears: bool = False
    meter_clock: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=False), nullable=True)
    )
    """The meter's own clock in the latest fresh reading."""
    energy_centikwh: int | None = Field(default=None, sa_column=_big(nullable=True))
    """Energy in the latest fresh reading; it counts on where the meter's counter begins again at 0."""
    energy_by_rate_centikwh: list[int] | None = Field(
        default=None, sa_column=Column(ARRAY(BigInteger), nullable=True)
    )
    energy_reverse_centikwh: int | None = Field(default=None, sa_column=_big(nullable=True))
    stale_since: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    """Since when the meter repeats old registers; None: its latest reading was fresh."""
    tried_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    failure: str | None = None


class Reading(SQLModel, table=True):
    """One reading of one meter; partitioned by month of `at`, which is the collector's clock."""

    __tablename__ = "readings"

    project_id: int = Field(primary_key=True)
    meter_id: UUID = Field(primary_key=True)
    at: datetime = Field(sa_column=_instant(primary_key=True))
    meter_clock: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=False), nullable=True)
    )
    stale: bool = False
    """The meter repeated old registers (`rules.is_stale`): no evidence, not used for control or charges."""
    multiplier: int
    energy_centikwh: int = Field(sa_column=_big())
    energy_by_rate_centikwh: list[int] = Field(sa_column=Column(ARRAY(BigInteger), nullable=False))
    energy_reverse_centikwh: int | None = Field(default=None, sa_column=_big(nullable=True))
    """Energy fed in; None on a model without that register."""
    power_w: int = Field(sa_column=_big())
    """Negative when feeding in."""
    voltages_dv: list[int] = Field(sa_column=Column(ARRAY(Integer), nullable=False))
    currents_ca: list[int] = Field(sa_column=Column(ARRAY(Integer), nullable=False))
    power_factor_e3: int | None = None
    frequency_chz: int | None = None
    remaining_fen: int | None = Field(default=None, sa_column=_big(nullable=True))
    purchase_count: int | None = None
    total_purchased_fen: int | None = Field(default=None, sa_column=_big(nullable=True))
    money_control: bool | None = None
    relay_closed: bool | None = None
    forced_mode: bool | None = None
    forced_closed: bool | None = None
    alarm_1: bool | None = None
    alarm_2: bool | None = None
    arrears: bool | None = None
    over_limit: bool | None = None
    alarms_fen: list[int] | None = Field(default=None, sa_column=Column(ARRAY(BigInteger), nullable=True))
    overdraft_fen: int | None = Field(default=None, sa_column=_big(nullable=True))
    overload_w: int | None = None
    prices_e4: list[int] | None = Field(default=None, sa_column=Column(ARRAY(BigInteger), nullable=True))
