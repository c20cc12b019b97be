"""Scalars of the API: strict parsing, one canonical output.

Exact numbers are strings in JSON, because JSON numbers become floats in many clients and lose digits. The number of
decimals that a field allows is checked in `quantities`.
"""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import strawberry
from graphql import GraphQLError

_PLAIN_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,10})?", re.ASCII)
_CANONICAL_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_DATE_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)


def parse_decimal(value: Any) -> Decimal:
    """Parse a number in plain notation: `"50.00"`, `"-3"`. Raises `GraphQLError` for anything else."""
    if not isinstance(value, str) or _PLAIN_NUMBER.fullmatch(value) is None:
        raise GraphQLError('a Decimal is a string in plain notation, such as "50.00"')
    return Decimal(value)


def write_decimal(value: Decimal) -> str:
    """The number in plain notation with its own number of decimals; never an exponent."""
    return f"{value:f}"


def parse_date_time(value: Any) -> datetime:
    """Parse an RFC 3339 instant with offset; returns UTC. Raises `GraphQLError` for anything else."""
    if not isinstance(value, str) or _DATE_TIME.fullmatch(value) is None:
        raise GraphQLError('a DateTime is a string with an offset, such as "2026-01-31T08:00:00+08:00"')
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError) as wrong:
        raise GraphQLError(f"{value} is no instant") from wrong


def write_date_time(value: datetime) -> str:
    """The instant in UTC, marked Z."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def parse_uuid(value: Any) -> UUID:
    """Parse a UUID with dashes. Raises `GraphQLError` for anything else."""
    if not isinstance(value, str) or _CANONICAL_UUID.fullmatch(value) is None:
        raise GraphQLError('a UUID is a string such as "018f4e6e-3e1a-7b60-9c1c-2f2f5d0f9a11"')
    return UUID(value)


SCALARS: dict[object, Any] = {
    Decimal: strawberry.scalar(
        name="Decimal",
        description='An exact decimal number as a string in plain notation, such as `"50.00"`. JSON numbers, '
        "exponents, infinities and more decimals than the field allows are refused.",
        parse_value=parse_decimal,
        serialize=write_decimal,
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description="An instant, RFC 3339. Input needs an offset; output is UTC, marked Z.",
        parse_value=parse_date_time,
        serialize=write_date_time,
    ),
    UUID: strawberry.scalar(
        name="UUID",
        description="A UUID (RFC 9562) as a string with dashes.",
        parse_value=parse_uuid,
        serialize=str,
    ),
}
"""Scalar of each Python type that the schema uses."""
