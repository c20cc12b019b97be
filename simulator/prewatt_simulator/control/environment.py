"""Control API, environment of devices that measure no energy: contacts, and the air at sensors."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Annotated, Any

from prewatt_fixtures.bounds import HUMIDITY_PERMILLE, TEMPERATURE_DECICELSIUS, SettingRefused
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
    """State of a contact from now on."""

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
    """Air at a channel's sensors from now on."""

    temperature_decicelsius: Annotated[int, TEMPERATURE_DECICELSIUS]
    humidity_permille: Annotated[int, HUMIDITY_PERMILLE]


class SensorBody(RequestModel):
    """State of a channel's sensor from now on."""

    faulty: bool


ENVIRONMENT_FIELDS: Mapping[DeviceKind, Mapping[str, Any]] = {
    DeviceKind.REMOTE_TERMINAL: {
        "contacts": (tuple[ContactAnswer, ...], ...),
        "outputs": (tuple[OutputAnswer, ...], ...),
    },
    DeviceKind.CLIMATE_CONTROLLER: {"channels": (tuple[AirAnswer, ...], ...)},
}
"""Fields of the environment in a device's answer, for a pydantic model."""


@operations.add("GET", "/meters/{number}/contacts/{contact}")
def get_contact(context: ControlContext, number: str, contact: str) -> ContactAnswer:
    """Read a contact."""
    return _contact(context.farm.terminal(number), _number(contact, "contact"))


@operations.add("PUT", "/meters/{number}/contacts/{contact}")
def set_contact(context: ControlContext, number: str, contact: str, body: ContactBody) -> ContactAnswer:
    """Close or open a contact."""
    terminal, which = context.farm.terminal(number), _number(contact, "contact")
    _found("contact", terminal.set_closed, which, body.closed)
    return _contact(terminal, which)


@operations.add("GET", "/meters/{number}/air/{channel}")
def get_air(context: ControlContext, number: str, channel: str) -> AirAnswer:
    """Read the air and outputs of a channel."""
    return _air(context.farm.climate(number), _number(channel, "channel"))


@operations.add("PUT", "/meters/{number}/air/{channel}")
def set_air(context: ControlContext, number: str, channel: str, body: AirBody) -> AirAnswer:
    """Set the air at a channel's sensors."""
    climate, which = context.farm.climate(number), _number(channel, "channel")
    _found(
        "channel",
        climate.set_air,
        which,
        temperature=body.temperature_decicelsius,
        humidity=body.humidity_permille,
    )
    return _air(climate, which)


@operations.add("DELETE", "/meters/{number}/air/{channel}")
def release_air(context: ControlContext, number: str, channel: str) -> None:
    """Let the air at a channel's sensors follow the curve from the seed again."""
    _found("channel", context.farm.climate(number).release_air, _number(channel, "channel"))


@operations.add("PUT", "/meters/{number}/sensors/{channel}")
def set_sensor(context: ControlContext, number: str, channel: str, body: SensorBody) -> AirAnswer:
    """Break or repair a channel's sensor."""
    climate, which = context.farm.climate(number), _number(channel, "channel")
    _found("channel", climate.set_faulty, which, body.faulty)
    return _air(climate, which)


def environment_of(view: View) -> dict[str, Any]:
    """Values of `ENVIRONMENT_FIELDS`; empty for devices without any."""
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
    return ContactAnswer(contact=contact, closed=_found("contact", terminal.closed, contact))


def _air(climate: ClimateView, channel: int) -> AirAnswer:
    air = _found("channel", climate.air, channel)
    return AirAnswer(
        channel=channel,
        temperature_decicelsius=air.temperature,
        humidity_permille=air.humidity,
        faulty=climate.faulty(channel),
        heating=climate.heating(channel),
        ventilating=climate.ventilating(channel),
    )


def _number(text: str, key: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 5):
        raise Problem(HTTPStatus.NOT_FOUND, key, f"a number from 1, not {text!r}")
    return int(text)


def _found(key: str, do: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
    """Result of the call. Raises a 404 `Problem` when the device has no contact or channel of that number."""
    try:
        return do(*arguments, **keywords)
    except SettingRefused as wrong:
        raise Problem(HTTPStatus.NOT_FOUND, key, wrong.expected) from wrong
