"""Environment of devices that measure no energy: contacts, and the air at sensors."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Annotated, Any

from pydantic import Field

from prewatt_fixtures.profile import DeviceKind
from prewatt_simulator.control.operation import ControlContext, Operations, RequestModel, ResponseModel
from prewatt_simulator.control.problem import Problem
from prewatt_simulator.devices.device_view import ClimateView, TerminalView
from prewatt_simulator.devices.sensors.climate import channels
from prewatt_simulator.farm import View

operations = Operations("environment")


class ContactAnswer(ResponseModel):
    """One contact of a remote terminal."""

    contact: int
    """From 1."""
    closed: bool


class ContactBody(RequestModel):
    """State of the contact from now on."""

    closed: bool


class OutputAnswer(ResponseModel):
    """One output of a remote terminal."""

    output: int
    """From 1."""
    closed: bool


class AirAnswer(ResponseModel):
    """One channel of a climate controller."""

    channel: int
    """From 1."""
    temperature_decicelsius: int
    humidity_permille: int
    faulty: bool
    """Whether the sensor is broken."""
    heating: bool
    ventilating: bool


class AirBody(RequestModel):
    """Air at the channel's sensors from now on."""

    temperature_decicelsius: Annotated[int, Field(ge=-1000, le=2000)]
    humidity_permille: Annotated[int, Field(ge=0, le=1000)]


class SensorBody(RequestModel):
    """What becomes of the sensor."""

    faulty: bool


SURROUNDINGS: Mapping[DeviceKind, Mapping[str, Any]] = {
    DeviceKind.REMOTE_TERMINAL: {
        "contacts": (tuple[ContactAnswer, ...], ...),
        "outputs": (tuple[OutputAnswer, ...], ...),
    },
    DeviceKind.CLIMATE_CONTROLLER: {"channels": (tuple[AirAnswer, ...], ...)},
}
"""What a device's answer holds of them, as fields of a pydantic model."""


@operations.add("GET", "/meters/{number}/contacts/{contact}")
def get_contact(context: ControlContext, number: str, contact: str) -> ContactAnswer:
    """Whether a contact is closed."""
    return _contact(context.farm.terminal(number), _of(contact, "contact"))


@operations.add("PUT", "/meters/{number}/contacts/{contact}")
def set_contact(context: ControlContext, number: str, contact: str, body: ContactBody) -> ContactAnswer:
    """Close or open a contact."""
    terminal, which = context.farm.terminal(number), _of(contact, "contact")
    _there("contact", terminal.set_closed, which, body.closed)
    return _contact(terminal, which)


@operations.add("GET", "/meters/{number}/air/{channel}")
def get_air(context: ControlContext, number: str, channel: str) -> AirAnswer:
    """Measured values and outputs of a channel."""
    return _air(context.farm.climate(number), _of(channel, "channel"))


@operations.add("PUT", "/meters/{number}/air/{channel}")
def set_air(context: ControlContext, number: str, channel: str, body: AirBody) -> AirAnswer:
    """Hold the air at a channel's sensors."""
    climate, which = context.farm.climate(number), _of(channel, "channel")
    _there(
        "channel",
        climate.set_air,
        which,
        temperature=body.temperature_decicelsius,
        humidity=body.humidity_permille,
    )
    return _air(climate, which)


@operations.add("DELETE", "/meters/{number}/air/{channel}")
def release_air(context: ControlContext, number: str, channel: str) -> None:
    """Let the air at a channel's sensors follow its own curve again."""
    _there("channel", context.farm.climate(number).release_air, _of(channel, "channel"))


@operations.add("PUT", "/meters/{number}/sensors/{channel}")
def set_sensor(context: ControlContext, number: str, channel: str, body: SensorBody) -> AirAnswer:
    """Break or mend a channel's sensor."""
    climate, which = context.farm.climate(number), _of(channel, "channel")
    _there("channel", climate.set_faulty, which, body.faulty)
    return _air(climate, which)


def environment_of(view: View) -> dict[str, Any]:
    """The values for `SURROUNDINGS`; empty for devices that have none."""
    if isinstance(view, TerminalView):
        inputs, outputs = range(1, view.input_count + 1), range(1, view.output_count + 1)
        return {
            "contacts": tuple(_contact(view, number) for number in inputs),
            "outputs": tuple(
                OutputAnswer(output=number, closed=view.output_closed(number)) for number in outputs
            ),
        }
    if isinstance(view, ClimateView):
        return {"channels": tuple(_air(view, channel) for channel in channels(view.profile))}
    return {}


def _contact(terminal: TerminalView, contact: int) -> ContactAnswer:
    return ContactAnswer(contact=contact, closed=_there("contact", terminal.closed, contact))


def _air(climate: ClimateView, channel: int) -> AirAnswer:
    air = _there("channel", climate.air, channel)
    return AirAnswer(
        channel=channel,
        temperature_decicelsius=air.temperature,
        humidity_permille=air.humidity,
        faulty=climate.faulty(channel),
        heating=climate.heating(channel),
        ventilating=climate.ventilating(channel),
    )


def _of(text: str, key: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 5):
        raise Problem(HTTPStatus.NOT_FOUND, key, f"a number from 1, not {text!r}")
    return int(text)


def _there(key: str, do: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
    """Result of the call; a problem when the device has no contact or channel of that number."""
    try:
        return do(*arguments, **keywords)
    except ValueError as wrong:
        raise Problem(HTTPStatus.NOT_FOUND, key, str(wrong)) from wrong
