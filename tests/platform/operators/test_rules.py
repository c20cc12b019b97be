"""Permissions of roles (default deny), and the delay after wrong passwords."""

from datetime import UTC, datetime, timedelta

import pytest

from prewatt_platform.operators.models import Role
from prewatt_platform.operators.rules import (
    FREE_FAILURES,
    ROLE_PERMISSIONS,
    THROTTLE_MAX,
    Permission,
    wait_until,
)

MATRIX = {
    Permission.METERS_READ: {Role.VIEWER, Role.CASHIER, Role.FINANCE, Role.ENGINEER, Role.ADMINISTRATOR},
    Permission.METERS_REFRESH: {Role.CASHIER, Role.FINANCE, Role.ENGINEER, Role.ADMINISTRATOR},
    Permission.METERS_CONFIGURE: {Role.ENGINEER, Role.ADMINISTRATOR},
    Permission.RELAY_CONTROL: {Role.ENGINEER, Role.ADMINISTRATOR},
    Permission.ACCOUNTS_OPEN: {Role.CASHIER, Role.ADMINISTRATOR},
    Permission.SALES_CREATE: {Role.CASHIER, Role.ADMINISTRATOR},
    Permission.SALES_READ: {Role.CASHIER, Role.FINANCE, Role.ADMINISTRATOR},
    Permission.ORDERS_RESOLVE: {Role.FINANCE, Role.ADMINISTRATOR},
    Permission.SALES_REVERSE: {Role.FINANCE, Role.ADMINISTRATOR},
    Permission.REFUNDS_CREATE: {Role.FINANCE, Role.ADMINISTRATOR},
    Permission.CHARGES_CREATE: {Role.FINANCE, Role.ADMINISTRATOR},
    Permission.GRANTS_CREATE: {Role.FINANCE, Role.ADMINISTRATOR},
    Permission.TILLS_CLOSE: {Role.CASHIER, Role.FINANCE, Role.ADMINISTRATOR},
    Permission.DAYS_CLOSE: {Role.FINANCE, Role.ADMINISTRATOR},
    Permission.PROJECT_CONFIGURE: {Role.ADMINISTRATOR},
}


def test_every_permission_and_every_role_is_in_the_matrix() -> None:
    assert set(MATRIX) == set(Permission)
    assert set(ROLE_PERMISSIONS) == set(Role)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("permission", Permission)
def test_each_role_has_exactly_the_permissions_of_the_matrix(role: Role, permission: Permission) -> None:
    assert (permission in ROLE_PERMISSIONS[role]) == (role in MATRIX[permission])


def test_the_delay_doubles_up_to_its_maximum() -> None:
    now = datetime(2026, 1, 15, tzinfo=UTC)
    assert wait_until(0, None) is None
    assert wait_until(FREE_FAILURES, now) is None
    waits = [wait_until(FREE_FAILURES + failures, now) for failures in range(1, 5)]
    assert waits == [now + timedelta(seconds=seconds) for seconds in (1, 2, 4, 8)]
    assert wait_until(10_000, now) == now + THROTTLE_MAX
