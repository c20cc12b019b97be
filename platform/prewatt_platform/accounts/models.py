"""Tables of customers, their accounts, the points an account owns, and money orders."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Column, DateTime, Text
from sqlmodel import Field, SQLModel

from prewatt_platform.accounts.rules import AMOUNT_MAX_FEN, Plan
from prewatt_platform.control.models import TOP_UP_KINDS, CommandKind


class AccountState(StrEnum):
    """State of an account. A point without one is unopened."""

    OPENING = "OPENING"
    OPEN = "OPEN"
    CLOSED = "CLOSED"


class Customer(SQLModel, table=True):
    """The shop, room or person who buys."""

    __tablename__ = "customers"

    project_id: int = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    name: str
    phone: str | None = None


class Account(SQLModel, table=True):
    """A customer's prepaid relation."""

    __tablename__ = "accounts"

    project_id: int = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    customer_id: UUID
    state: AccountState = Field(sa_column=Column(Text, nullable=False))
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    opened_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=True))


class AccountPoint(SQLModel, table=True):
    """A point that an account owns, from when until when; at most one account owns a point at a time."""

    __tablename__ = "account_points"

    project_id: int = Field(primary_key=True)
    account_id: UUID = Field(primary_key=True)
    point_id: UUID = Field(primary_key=True)
    from_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    until_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=True))


class Order(SQLModel, table=True):
    """One money order to a meter, with the names and prices of its day, and the evidence that it arrived.

    Its kind and state are its command's. `planned_count` and `total_before_fen` are committed before the frame leaves.
    """

    __tablename__ = "orders"

    project_id: int = Field(primary_key=True)
    command_id: UUID = Field(primary_key=True)
    kind: CommandKind = Field(sa_column=Column(Text, nullable=False))
    """SALE, REFUND, REVERSAL or GRANT; the database keeps it equal to the command's."""
    receipt_number: str
    account_id: UUID
    point_id: UUID
    meter_id: UUID
    epoch: int
    amount_fen: int = Field(sa_column=Column(BigInteger, nullable=False))
    """Credit that the meter gains by a SALE or GRANT, and loses by the other kinds."""
    fee_fen: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    """Service fee, paid beside the amount of a SALE and given back with a REVERSAL."""
    owed_fen: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    """Fees owed by the account that the payment of a SALE settled; owed again after its REVERSAL."""
    property_fen: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    """Property fee that the payment of a SALE held back; given back with a REVERSAL."""
    reverses: UUID | None = None
    """The sale that a REVERSAL undoes."""
    programme: str | None = None
    """Where the money of a GRANT comes from."""
    reason: str | None = None
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    planned_count: int | None = None
    total_before_fen: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    applied_at: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), nullable=True)
    )
    fenced_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=True))
    """When the meter was read back with the planned count and without the money: the order can never be applied."""
    evidence: bytes | None = None
    """The registers that proved `applied_at` or `fenced_at`, as they came over the wire."""
    remaining_fen: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    """Credit that the meter showed with the order carried out; None until APPLIED."""
    meter_number: str
    place: str
    customer_name: str
    operator_name: str
    prices_e4: list[int] = Field(sa_column=Column(ARRAY(BigInteger), nullable=False))
    plan_version_id: UUID | None = None
    """Version of the price plan that was in force on the point; None: no plan reached it."""
    multiplier: int

    @property
    def change_fen(self) -> int:
        """What the order adds to the meter's total purchased; negative when it takes credit back."""
        return self.amount_fen if self.kind in TOP_UP_KINDS else -self.amount_fen

    @property
    def paid_fen(self) -> int:
        """What the customer pays, or gets back: amount and all fees; nothing for a GRANT."""
        if self.kind == CommandKind.GRANT:
            return 0
        return self.amount_fen + self.fee_fen + self.owed_fen + self.property_fen

    @property
    def plan(self) -> Plan | None:
        """The committed plan; None before."""
        if self.planned_count is None or self.total_before_fen is None:
            return None
        return Plan(self.planned_count, self.total_before_fen, self.change_fen)


class SalesPolicy(SQLModel, table=True):
    """A project's rules of selling. A project without a row has these defaults."""

    __tablename__ = "sales_policies"

    project_id: int = Field(primary_key=True)
    version: int = 0
    """Rises with every change."""
    sale_min_fen: int = Field(default=1, sa_column=Column(BigInteger, nullable=False))
    sale_max_fen: int = Field(default=AMOUNT_MAX_FEN, sa_column=Column(BigInteger, nullable=False))
    hoarding_limit_fen: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    """Credit that a sale may not exceed in the meter; None: no limit."""
    fee_e4: int = 0
    """Service fee as a share of the amount, in 0.0001."""
    fee_fixed_fen: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    owed_share_e4: int = 0
    """Most that owed fees take of a payment, as a share in 0.0001; 0: nothing is taken."""
    property_share_e4: int = 0
    """Property fee that is held back of a payment, as a share in 0.0001."""
    reversal_days: int = 0
    """Business days after which a sale can still be reversed; 0: on its own day."""
    second_person_above_fen: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    """Refunds and decisions about more than this need a second person; None: never."""

    def wants_second_person(self, amount_fen: int) -> bool:
        """Whether a refund or decision about so much needs a second person."""
        return self.second_person_above_fen is not None and abs(amount_fen) > self.second_person_above_fen


class ReceiptCounter(SQLModel, table=True):
    """How many receipts a project has issued; receipt numbers have no gaps."""

    __tablename__ = "receipt_counters"

    project_id: int = Field(primary_key=True)
    issued: int
