"""Permissions of every field and type. Default deny.

Every field of Query, Mutation and Subscription, and every type that a field can give, is listed here; the schema does
not build when one is missing. A root field is checked before its resolver runs. A type is checked wherever a field
leads to it from a type that needs another permission, so no nested path avoids a check.
"""

import inspect
from collections.abc import Callable
from enum import Enum
from typing import Any, Final

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
)

from prewatt_graphql.context import Context
from prewatt_platform.operators.rules import Permission


class Needs(Enum):
    """Requirements other than a permission in a project."""

    NOTHING = "nothing"
    CREDENTIAL = "a valid credential"
    PROJECT = "a project of the credential"


Requirement = Needs | Permission

ROOT_FIELDS: Final[dict[str, Requirement]] = {
    "Query.viewer": Needs.CREDENTIAL,
    "Query.projects": Needs.CREDENTIAL,
    "Query.project": Needs.PROJECT,
    "Query.meters": Permission.METERS_READ,
    "Query.meter": Permission.METERS_READ,
    "Query.command": Permission.METERS_READ,
    "Query.statement": Permission.SALES_READ,
    "Query.reconciliation": Permission.SALES_READ,
    "Query.verifications": Permission.SALES_READ,
    "Query.accounts": Permission.METERS_READ,
    "Query.account": Permission.METERS_READ,
    "Query.pricePlans": Permission.METERS_READ,
    "Query.calendarDays": Permission.METERS_READ,
    "Query.sales": Permission.SALES_READ,
    "Query.charges": Permission.SALES_READ,
    "Query.receipt": Permission.SALES_READ,
    "Query.till": Permission.TILLS_CLOSE,
    "Query.tillClosings": Permission.SALES_READ,
    "Query.dayClosing": Permission.SALES_READ,
    "Query.salesPolicy": Permission.METERS_READ,
    "Query.proposals": Permission.SALES_READ,
    "Query.node": Permission.METERS_READ,
    "Mutation.signIn": Needs.NOTHING,
    "Mutation.signOut": Needs.CREDENTIAL,
    "Mutation.accountOpen": Permission.ACCOUNTS_OPEN,
    "Mutation.saleCreate": Permission.SALES_CREATE,
    "Mutation.chargeCreate": Permission.CHARGES_CREATE,
    "Mutation.chargeReverse": Permission.CHARGES_CREATE,
    "Mutation.shareCreate": Permission.CHARGES_CREATE,
    "Mutation.grantCreate": Permission.GRANTS_CREATE,
    "Mutation.receiptPrint": Permission.SALES_READ,
    "Mutation.tillClose": Permission.TILLS_CLOSE,
    "Mutation.dayClose": Permission.DAYS_CLOSE,
    "Mutation.refundCreate": Permission.REFUNDS_CREATE,
    "Mutation.saleReverse": Permission.SALES_REVERSE,
    "Mutation.salesPolicySet": Permission.PROJECT_CONFIGURE,
    "Mutation.pricePlanCreate": Permission.PROJECT_CONFIGURE,
    "Mutation.pricePlanVersionAdd": Permission.PROJECT_CONFIGURE,
    "Mutation.pricePlanAssign": Permission.PROJECT_CONFIGURE,
    "Mutation.pricePlanDownload": Permission.METERS_CONFIGURE,
    "Mutation.calendarDaysSet": Permission.PROJECT_CONFIGURE,
    "Mutation.saleCancel": Permission.SALES_CREATE,
    "Mutation.orderResolve": Permission.ORDERS_RESOLVE,
    "Mutation.meterEpochConfirm": Permission.ORDERS_RESOLVE,
    "Mutation.controlModeSet": Permission.RELAY_CONTROL,
    "Mutation.meterRefresh": Permission.METERS_REFRESH,
    "Mutation.readingIntervalSet": Permission.METERS_CONFIGURE,
    "Subscription.commandProgress": Permission.METERS_READ,
    "Subscription.readingAdded": Permission.METERS_READ,
}

TYPES: Final[dict[str, Requirement]] = {
    "Account": Permission.METERS_READ,
    "AccountConnection": Permission.METERS_READ,
    "AccountEdge": Permission.METERS_READ,
    "AccountPoint": Permission.METERS_READ,
    "AccountOpenPayload": Permission.ACCOUNTS_OPEN,
    "AccountCharge": Permission.SALES_READ,
    "AccountCharges": Permission.SALES_READ,
    "Charge": Permission.SALES_READ,
    "ChargeCreatePayload": Permission.CHARGES_CREATE,
    "ChargeReversePayload": Permission.CHARGES_CREATE,
    "Share": Permission.CHARGES_CREATE,
    "ShareCreatePayload": Permission.CHARGES_CREATE,
    "Command": Permission.METERS_READ,
    "ControlModeSetPayload": Permission.RELAY_CONTROL,
    "Customer": Permission.METERS_READ,
    "Gateway": Permission.METERS_READ,
    "GrantCreatePayload": Permission.GRANTS_CREATE,
    "RefusedRow": Permission.GRANTS_CREATE,
    "Meter": Permission.METERS_READ,
    "MeterConnection": Permission.METERS_READ,
    "MeterEdge": Permission.METERS_READ,
    "MeterReconciliation": Permission.SALES_READ,
    "MeterReconciliationConnection": Permission.SALES_READ,
    "MeterReconciliationEdge": Permission.SALES_READ,
    "MeterEpochConfirmPayload": Permission.ORDERS_RESOLVE,
    "MeterRefreshPayload": Permission.METERS_REFRESH,
    "Money": Needs.NOTHING,
    "Node": Permission.METERS_READ,
    "OrderResolvePayload": Permission.ORDERS_RESOLVE,
    "PageInfo": Needs.NOTHING,
    "Proposal": Permission.SALES_READ,
    "Problem": Needs.NOTHING,
    "Project": Needs.CREDENTIAL,
    "Reading": Permission.METERS_READ,
    "ReadingAdded": Permission.METERS_READ,
    "ReadingColumns": Permission.METERS_READ,
    "ReadingIntervalSetPayload": Permission.METERS_CONFIGURE,
    "Receipt": Permission.SALES_READ,
    "ReceiptCopy": Permission.SALES_READ,
    "ReceiptPrintPayload": Permission.SALES_READ,
    "ReconciledUse": Permission.SALES_READ,
    "Sale": Permission.METERS_READ,
    "RefundCreatePayload": Permission.REFUNDS_CREATE,
    "SaleReversePayload": Permission.SALES_REVERSE,
    "SaleConnection": Permission.SALES_READ,
    "SaleEdge": Permission.SALES_READ,
    "SalesFigures": Permission.SALES_READ,
    "SalesPolicy": Permission.METERS_READ,
    "SalesPolicySetPayload": Permission.PROJECT_CONFIGURE,
    "SaleCancelPayload": Permission.SALES_CREATE,
    "SaleCreatePayload": Permission.SALES_CREATE,
    "SignInPayload": Needs.NOTHING,
    "SignOutPayload": Needs.CREDENTIAL,
    "Statement": Permission.SALES_READ,
    "StatementMovement": Permission.SALES_READ,
    "UserError": Needs.NOTHING,
    "Till": Permission.TILLS_CLOSE,
    "TillClosing": Permission.SALES_READ,
    "TillClosePayload": Permission.TILLS_CLOSE,
    "DayClosing": Permission.SALES_READ,
    "DayClosePayload": Permission.DAYS_CLOSE,
    "Finding": Permission.SALES_READ,
    "Verification": Permission.SALES_READ,
    "VerificationOutcome": Permission.SALES_READ,
    "CalendarDay": Permission.METERS_READ,
    "CalendarDaysSetPayload": Permission.PROJECT_CONFIGURE,
    "DaySlot": Permission.METERS_READ,
    "PlanSeason": Permission.METERS_READ,
    "PricePlan": Permission.METERS_READ,
    "PricePlanAssignment": Permission.METERS_READ,
    "PricePlanAssignPayload": Permission.PROJECT_CONFIGURE,
    "PricePlanDownloadPayload": Permission.METERS_CONFIGURE,
    "PricePlanCreatePayload": Permission.PROJECT_CONFIGURE,
    "PricePlanVersion": Permission.METERS_READ,
    "PricePlanVersionAddPayload": Permission.PROJECT_CONFIGURE,
    "Viewer": Needs.CREDENTIAL,
}

_ROOTS: Final = frozenset({"Query", "Mutation", "Subscription"})


class Undeclared(Exception):
    """Fields or types of the schema that are not listed here, or entries here without a field or type."""

    def __init__(self, names: set[str]) -> None:
        super().__init__(f"not both in the schema and in permissions.py: {', '.join(sorted(names))}")


def guard(schema: GraphQLSchema) -> None:
    """Wrap the schema's resolvers in their checks. Raises `Undeclared` unless each field and type is listed."""
    types = {
        name: kind
        for name, kind in schema.type_map.items()
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) and not name.startswith("__")
    }
    roots = {f"{name}.{field}" for name in _ROOTS & types.keys() for field in types[name].fields}
    if missing := (roots ^ ROOT_FIELDS.keys()) | ((types.keys() - _ROOTS) ^ TYPES.keys()):
        raise Undeclared(missing)
    for name, kind in types.items():
        for field_name, field in kind.fields.items():
            if name in _ROOTS:
                _put_before(field, ROOT_FIELDS[f"{name}.{field_name}"])
            # a field between types of the same requirement needs no check: the way to the first type had it
            elif (
                leads_to := TYPES.get(get_named_type(field.type).name)
            ) is not None and leads_to is not TYPES[name]:
                _put_around(field, leads_to)


def _put_before(field: GraphQLField, requirement: Requirement) -> None:
    if requirement is Needs.NOTHING:
        return
    if field.subscribe is not None:
        field.subscribe = _checked(field.subscribe, requirement)
    elif field.resolve is not None:
        field.resolve = _checked(field.resolve, requirement)


def _put_around(field: GraphQLField, requirement: Requirement) -> None:
    """Check after a plain resolver, only when its value is not null: a failed sign-in has a null viewer and no credential.

    A coroutine is checked before it runs, so that nothing is read without the permission.
    """
    if requirement is Needs.NOTHING or field.resolve is None:
        return
    if inspect.iscoroutinefunction(field.resolve):
        field.resolve = _checked(field.resolve, requirement)
        return
    resolve = field.resolve

    def resolve_and_check(source: Any, info: Any, **arguments: Any) -> Any:
        value = resolve(source, info, **arguments)
        if value is not None:
            check(info.context, requirement)
        return value

    field.resolve = resolve_and_check


def _checked(resolve: Callable[..., Any], requirement: Requirement) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(resolve):

        async def check_and_wait(source: Any, info: Any, **arguments: Any) -> Any:
            check(info.context, requirement)
            return await resolve(source, info, **arguments)

        return check_and_wait

    def check_and_resolve(source: Any, info: Any, **arguments: Any) -> Any:
        check(info.context, requirement)
        return resolve(source, info, **arguments)

    return check_and_resolve


def check(context: Context, requirement: Requirement) -> None:
    """Raise the error for the missing credential, project or permission, if any."""
    match requirement:
        case Needs.NOTHING:
            return
        case Needs.CREDENTIAL:
            _ = context.signed_in
        case Needs.PROJECT:
            _ = context.membership
        case permission:
            context.require(permission)
