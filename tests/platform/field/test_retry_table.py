"""Reads that failed are asked again by a table that knows every outcome."""

from typing import Any

import pytest

from prewatt_fixtures.wire.pdu import ExceptionCode
from prewatt_platform.field import errors
from prewatt_platform.field.errors import (
    READ_AGAIN_AFTER,
    READ_AGAIN_AFTER_CODE,
    ExchangeFailed,
    FieldError,
    MeterRefused,
    ReadAgain,
)


def _leaves(kind: type[FieldError]) -> set[type[FieldError]]:
    below = kind.__subclasses__()
    return {kind} if not below else set().union(*map(_leaves, below))


def test_every_error_of_the_field_stands_in_the_table() -> None:
    named = {
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, FieldError)
    }
    assert set(READ_AGAIN_AFTER) == _leaves(FieldError) & named - {MeterRefused, ExchangeFailed}


@pytest.mark.parametrize("code", [*ExceptionCode])
def test_every_exception_that_means_a_passing_trouble_is_asked_again(code: Any) -> None:
    passing = {
        ExceptionCode.ACKNOWLEDGE,
        ExceptionCode.BUSY,
        ExceptionCode.GATEWAY_PATH,
        ExceptionCode.GATEWAY_TARGET,
    }
    again = READ_AGAIN_AFTER_CODE.get(code, ReadAgain.NEVER)
    assert (again is not ReadAgain.NEVER) is (code in passing)
