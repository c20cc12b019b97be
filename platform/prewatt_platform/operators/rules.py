"""Permissions and built-in roles. Default deny: a permission that is not listed is refused."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from prewatt_platform.operators.models import Role


class Permission(StrEnum):
    """One permission in one project; a denial names its value."""

    METERS_READ = "meters:read"
    METERS_REFRESH = "meters:refresh"
    METERS_CONFIGURE = "meters:configure"
    RELAY_CONTROL = "relay:control"
    ACCOUNTS_OPEN = "accounts:open"
    SALES_CREATE = "sales:create"
    SALES_READ = "sales:read"
    SALES_REVERSE = "sales:reverse"
    REFUNDS_CREATE = "refunds:create"
    GRANTS_CREATE = "grants:create"
    CHARGES_CREATE = "charges:create"
    ORDERS_RESOLVE = "orders:resolve"
    TILLS_CLOSE = "tills:close"
    DAYS_CLOSE = "days:close"
    PROJECT_CONFIGURE = "project:configure"


_LOOK = frozenset({Permission.METERS_READ})
_SELL = _LOOK | {
    Permission.METERS_REFRESH,
    Permission.SALES_CREATE,
    Permission.SALES_READ,
    Permission.ACCOUNTS_OPEN,
    Permission.TILLS_CLOSE,
}
_ENGINEER = _LOOK | {Permission.METERS_REFRESH, Permission.METERS_CONFIGURE, Permission.RELAY_CONTROL}

_FINANCE = _LOOK | {
    Permission.METERS_REFRESH,
    Permission.SALES_READ,
    Permission.SALES_REVERSE,
    Permission.REFUNDS_CREATE,
    Permission.GRANTS_CREATE,
    Permission.CHARGES_CREATE,
    Permission.ORDERS_RESOLVE,
    Permission.TILLS_CLOSE,
    Permission.DAYS_CLOSE,
}

ROLE_PERMISSIONS: Final = {
    Role.VIEWER: _LOOK,
    Role.CASHIER: _SELL,
    Role.FINANCE: _FINANCE,
    Role.ENGINEER: _ENGINEER,
    Role.ADMINISTRATOR: frozenset(Permission),
}

PASSWORD_LENGTH_MIN: Final = 8
FREE_FAILURES: Final = 4
"""Wrong passwords in a row before each further one causes a delay."""
THROTTLE_MAX: Final = timedelta(minutes=5)


def wait_until(failures: int, failed_at: datetime | None) -> datetime | None:
    """Time until which sign-in for a name is refused; doubles from 1 s up to a bound."""
    if failed_at is None or failures <= FREE_FAILURES:
        return None
    # bounded, so that a long row of failures does not compute an astronomic power of two
    doublings = min(failures - FREE_FAILURES - 1, 20)
    return failed_at + min(timedelta(seconds=2**doublings), THROTTLE_MAX)
