"""A project's rules of selling: query `salesPolicy`, mutation `salesPolicySet`."""

from decimal import Decimal
from typing import Self

import strawberry

from prewatt_graphql.context import Info
from prewatt_graphql.payloads import Input, MutationPayload, mutation
from prewatt_graphql.quantities import Money, count_of, decimal, fen_of, maybe_money, money
from prewatt_platform.accounts.models import SalesPolicy as PolicyRow
from prewatt_platform.accounts.policy import PolicyTerms, set_policy
from prewatt_platform.accounts.repository import PolicyRepository

_PERCENT_DECIMALS = 2
"""A share in 0.0001 is a percentage with two decimals."""


@strawberry.type(description="Rules of selling of a project.")
class SalesPolicy:
    """API form of `accounts.models.SalesPolicy`."""

    version: int = strawberry.field(description="Rises with every change; send it with the next one.")
    sale_min: Money = strawberry.field(description="Smallest amount of a sale.")
    sale_max: Money = strawberry.field(description="Largest amount of a sale.")
    hoarding_limit: Money | None = strawberry.field(
        description="Credit that a sale may not exceed in the meter; null: no limit."
    )
    fee_percent: Decimal = strawberry.field(
        description="Service fee as a percentage of the amount, two decimals."
    )
    fee_fixed: Money = strawberry.field(description="Fixed part of the service fee.")
    owed_fee_percent: Decimal = strawberry.field(
        description="Most that owed fees take of a payment for credit, as a percentage, two decimals; 0: nothing."
    )
    property_fee_percent: Decimal = strawberry.field(
        description="Property fee held back of a payment for credit, as a percentage, two decimals."
    )
    reversal_days: int = strawberry.field(
        description="Business days after which a sale can still be reversed; 0: on its own day."
    )
    second_person_above: Money | None = strawberry.field(
        description="Refunds and decisions about more than this need a second person; null: never."
    )

    @classmethod
    def of(cls, row: PolicyRow, currency: str) -> Self:
        """The API type of a policy row."""
        return cls(
            version=row.version,
            sale_min=money(row.sale_min_fen, currency),
            sale_max=money(row.sale_max_fen, currency),
            hoarding_limit=maybe_money(row.hoarding_limit_fen, currency),
            fee_percent=decimal(row.fee_e4, _PERCENT_DECIMALS),
            fee_fixed=money(row.fee_fixed_fen, currency),
            owed_fee_percent=decimal(row.owed_share_e4, _PERCENT_DECIMALS),
            property_fee_percent=decimal(row.property_share_e4, _PERCENT_DECIMALS),
            reversal_days=row.reversal_days,
            second_person_above=maybe_money(row.second_person_above_fen, currency),
        )


@strawberry.input(description="All rules of selling; each replaces the one in force.")
class SalesPolicySetInput:
    """Input of `salesPolicySet`."""

    expected_version: int = strawberry.field(description="Version of the rules that this change is based on.")
    sale_min: Decimal = strawberry.field(description="Smallest amount of a sale; 0.01 or more.")
    sale_max: Decimal = strawberry.field(
        description="Largest amount of a sale; `saleMin` to 999999.99, at most 2 decimals."
    )
    fee_percent: Decimal = strawberry.field(
        description="Service fee as a percentage of the amount; 0 to 100, at most 2 decimals."
    )
    fee_fixed: Decimal = strawberry.field(description="Fixed part of the service fee; 0 or more.")
    reversal_days: int = strawberry.field(
        description="Business days after which a sale can still be reversed; 0 (its own day) to 366."
    )
    owed_fee_percent: Decimal = strawberry.field(
        default=Decimal(0),
        description="Most that owed fees take of a payment for credit, as a percentage; 0 to 90, at most 2 decimals.",
    )
    property_fee_percent: Decimal = strawberry.field(
        default=Decimal(0),
        description="Property fee held back of a payment for credit, as a percentage; 90 at most together with `owedFeePercent`.",
    )
    hoarding_limit: Decimal | None = strawberry.field(
        default=None, description="Credit that a sale may not exceed in the meter; null: no limit."
    )
    second_person_above: Decimal | None = strawberry.field(
        default=None,
        description="Refunds and decisions about more than this need a second person; null: never.",
    )

    def terms(self) -> PolicyTerms:
        """The platform's form. Raises `BadInput`."""
        return PolicyTerms(
            sale_min_fen=fen_of(self.sale_min, "saleMin"),
            sale_max_fen=fen_of(self.sale_max, "saleMax"),
            hoarding_limit_fen=_maybe_fen(self.hoarding_limit, "hoardingLimit"),
            fee_e4=count_of(self.fee_percent, _PERCENT_DECIMALS, "feePercent", "a percentage"),
            fee_fixed_fen=fen_of(self.fee_fixed, "feeFixed"),
            reversal_days=self.reversal_days,
            owed_share_e4=count_of(
                self.owed_fee_percent, _PERCENT_DECIMALS, "owedFeePercent", "a percentage"
            ),
            property_share_e4=count_of(
                self.property_fee_percent, _PERCENT_DECIMALS, "propertyFeePercent", "a percentage"
            ),
            second_person_above_fen=_maybe_fen(self.second_person_above, "secondPersonAbove"),
        )


@strawberry.type(description="Result of `salesPolicySet`.")
class SalesPolicySetPayload(MutationPayload):
    """Payload of `salesPolicySet`."""

    sales_policy: SalesPolicy | None = strawberry.field(default=None, description="The rules now in force.")


@strawberry.type
class PolicyQueries:
    """Root query on rules of selling."""

    @strawberry.field(description="Rules of selling of the project.")
    async def sales_policy(self, info: Info) -> SalesPolicy | None:
        async with info.context.work() as work:
            row = await PolicyRepository(work).policy()
        return SalesPolicy.of(row, info.context.membership.project.currency)


@strawberry.type
class PolicyMutations:
    """Root mutation on rules of selling."""

    @mutation(
        SalesPolicySetPayload,
        "Replace the rules of selling. Orders that exist keep theirs, except the hoarding limit, which is checked again "
        "before an order is sent. Errors: BAD_INPUT, VERSION_CONFLICT.",
    )
    async def sales_policy_set(self, info: Info, input: Input[SalesPolicySetInput]) -> SalesPolicySetPayload:
        terms = input.terms()
        async with info.context.work() as work:
            row = await set_policy(work, input.expected_version, terms)
        return SalesPolicySetPayload(
            sales_policy=SalesPolicy.of(row, info.context.membership.project.currency)
        )


def _maybe_fen(value: Decimal | None, field: str) -> int | None:
    return None if value is None else fen_of(value, field)
