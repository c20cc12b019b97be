"""Types of charged fees."""

from datetime import datetime
from enum import Enum
from typing import Self

import strawberry

from prewatt_graphql.quantities import Money, money
from prewatt_platform.charges.models import Charge as ChargeRow
from prewatt_platform.charges.models import ChargeBatch
from prewatt_platform.charges.service import OwedCharge


@strawberry.enum(description="Kind of a charged fee.")
class ChargeKind(Enum):
    """`charges.models.ChargeKind`."""

    PROPERTY = strawberry.enum_value("PROPERTY", description="Property fee.")
    SHARE = strawberry.enum_value("SHARE", description="Share of public use or losses.")


@strawberry.type(description="A fee charged to an account for one metering point.")
class Charge:
    """Built by `of`."""

    document: str = strawberry.field(
        description="Number of the document; all fees of one request have the same."
    )
    kind: ChargeKind = strawberry.field(description="Kind of the fee.")
    label: str = strawberry.field(description="What the fee is for.")
    place: str = strawberry.field(description="Name of the metering point on that day.")
    amount: Money = strawberry.field(description="Amount.")
    created_at: datetime = strawberry.field(description="When it was charged.")

    @classmethod
    def of(cls, row: ChargeRow, batch: ChargeBatch, currency: str) -> Self:
        """The API type of a charge."""
        return cls(
            document=batch.document,
            kind=ChargeKind(batch.kind),
            label=batch.label,
            place=row.place,
            amount=money(row.amount_fen, currency),
            created_at=batch.created_at,
        )


@strawberry.type(description="A fee of an account, and how much of it is paid.")
class AccountCharge:
    """Built by `AccountCharges.of`."""

    charge: Charge = strawberry.field(description="The fee.")
    settled: Money = strawberry.field(
        description="How much of it is paid; the oldest fees are settled first."
    )


@strawberry.type(description="Fees of an account.")
class AccountCharges:
    """Built by `of`."""

    owed: Money = strawberry.field(description="What the account owes.")
    charges: list[AccountCharge] = strawberry.field(description="All charged fees, oldest first.")

    @classmethod
    def of(cls, owed_fen: int, rows: list[OwedCharge], currency: str) -> Self:
        """The API type of an account's fees."""
        return cls(
            owed=money(owed_fen, currency),
            charges=[
                AccountCharge(
                    charge=Charge.of(each.charge, each.batch, currency),
                    settled=money(each.settled_fen, currency),
                )
                for each in rows
            ],
        )
