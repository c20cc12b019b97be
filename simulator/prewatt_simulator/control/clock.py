"""Control API, noun clock: read it, advance it while it stands still, set its speed."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal

from pydantic import AwareDatetime

from prewatt_fixtures.bounds import SPEED, SettingRefused
from prewatt_fixtures.clock import STEP_S, Clock, ManualClock, ScaledClock
from prewatt_simulator.control.operation import ControlContext, Operations, RequestModel, ResponseModel
from prewatt_simulator.control.problem import Problem
from prewatt_simulator.errors import ClockNotManual

operations = Operations("clock")


class ClockAnswer(ResponseModel):
    """The farm's clock."""

    kind: Literal["manual", "scaled", "real"]
    """Moved by hand only; with a settable speed; the machine's."""
    now: datetime
    speed: float
    """Farm seconds per second; 0: it stands still and can be advanced."""


class AdvanceBody(RequestModel):
    """Advance by seconds or to a time; exactly one of the two."""

    seconds: Annotated[float, STEP_S] | None = None
    to: AwareDatetime | None = None
    """A time with an offset, not before the farm's present."""


class SpeedBody(RequestModel):
    """Speed in farm seconds per second."""

    speed: Annotated[float, SPEED]


@operations.add("GET", "/clock")
def get_clock(context: ControlContext) -> ClockAnswer:
    """Read the clock."""
    return clock_answer(context.farm.clock)


@operations.add("POST", "/clock/advance")
def advance_clock(context: ControlContext, body: AdvanceBody) -> ClockAnswer:
    """Advance a clock that stands still; timers due in between fire. 409 for a clock that runs."""
    clock = context.farm.clock
    if not isinstance(clock, ManualClock | ScaledClock) or (isinstance(clock, ScaledClock) and clock.speed):
        raise ClockNotManual(clock)
    seconds = _seconds(body, clock)
    try:
        clock.advance(seconds)
    except SettingRefused as wrong:
        key = wrong.key if body.to is None else "to"
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, key, wrong.expected) from wrong
    return clock_answer(clock)


@operations.add("PUT", "/clock/speed")
def set_speed(context: ControlContext, body: SpeedBody) -> ClockAnswer:
    """Set the clock's speed from now on; 0 stops it."""
    clock = context.farm.clock
    if not isinstance(clock, ScaledClock):
        raise Problem(HTTPStatus.CONFLICT, "clock", "a clock with a speed, and this farm's has none")
    clock.set_speed(body.speed)
    return clock_answer(clock)


def clock_answer(clock: Clock) -> ClockAnswer:
    """Kind, time and speed of a clock."""
    match clock:
        case ScaledClock():
            return ClockAnswer(kind="scaled", now=clock.now(), speed=clock.speed)
        case ManualClock():
            return ClockAnswer(kind="manual", now=clock.now(), speed=0.0)
        case _:
            return ClockAnswer(kind="real", now=clock.now(), speed=1.0)


def _seconds(body: AdvanceBody, clock: Clock) -> float:
    if (body.seconds is None) is (body.to is None):
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "seconds", "either seconds or to")
    seconds = body.seconds
    if body.to is not None:
        seconds = body.to.timestamp() - clock.time()
        if seconds < 0:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "to", f"a time from {clock.now()} on")
    assert seconds is not None
    return seconds
