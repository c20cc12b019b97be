"""Control API, noun meters: list, state, load, and changes made without the bus."""

from http import HTTPStatus
from typing import Annotated

from prewatt_fixtures.bounds import LOAD_PER_DAY, REVERSE_LITRES
from prewatt_fixtures.profile import DeviceKind
from prewatt_fixtures.site import SiteMeter
from prewatt_simulator.control.json_view import (
    MeterAnswer,
    MeterRow,
    SettingsBody,
    answer_of,
    change,
    row_of,
)
from prewatt_simulator.control.operation import ControlContext, Operations, RequestModel, ResponseModel
from prewatt_simulator.control.problem import Problem
from prewatt_simulator.devices.device_view import WaterView
from prewatt_simulator.devices.meter_view import MeterView
from prewatt_simulator.errors import UnknownMeter

operations = Operations("meters")

LoadPerDay = Annotated[int, LOAD_PER_DAY]


class MetersAnswer(ResponseModel):
    """Devices of every kind, in the site's order."""

    meters: tuple[MeterRow, ...]


class MetersQuery(RequestModel):
    """Conditions that devices match; all without any."""

    gateway: str | None = None
    port: int | None = None
    kind: DeviceKind | None = None
    model: str | None = None
    """Model name of a profile."""


class FlowBody(RequestModel):
    """Amount of reverse flow."""

    litres: Annotated[int, REVERSE_LITRES]


class LoadBody(RequestModel):
    """A load, in the unit of the meter's kind."""

    shape: str
    """Shape name as in a site file."""
    centikwh_per_day: LoadPerDay | None = None
    """For an energy meter, primary side."""
    litres_per_day: LoadPerDay | None = None
    """For a water meter."""


class LoadAnswer(ResponseModel):
    """Load behind a meter, in the unit of its kind."""

    shape: str
    centikwh_per_day: int | None
    litres_per_day: int | None


@operations.add("GET", "/meters")
def list_meters(context: ControlContext, query: MetersQuery) -> MetersAnswer:
    """List the devices of the farm and their places."""
    rows = (row_of(placed) for placed in context.farm.site.meters)
    wanted = query.model_dump(exclude_none=True)
    return MetersAnswer(
        meters=tuple(row for row in rows if all(getattr(row, key) == value for key, value in wanted.items()))
    )


@operations.add("GET", "/meters/{number}")
def get_meter(context: ControlContext, number: str) -> MeterAnswer:
    """Read the state of a device without a request on its bus."""
    return _answer(context, number)


@operations.add("PATCH", "/meters/{number}")
def set_meter(context: ControlContext, number: str, body: SettingsBody) -> MeterAnswer:
    """Set the settable properties of a device."""
    change(context.farm.view(number), body)
    return _answer(context, number)


@operations.add("POST", "/meters/{number}/press-key")
def press_key(context: ControlContext, number: str) -> MeterAnswer:
    """Press the key of a prepaid meter, which ends the reminder at alarm 2."""
    context.farm.meter(number).press_key()
    return _answer(context, number)


@operations.add("POST", "/meters/{number}/reverse-flow")
def add_reverse_flow(context: ControlContext, number: str, body: FlowBody) -> MeterAnswer:
    """Add reverse volume to a water meter, at once."""
    context.farm.water_meter(number).add_reverse_flow(body.litres)
    return _answer(context, number)


@operations.add("GET", "/meters/{number}/load")
def get_load(context: ControlContext, number: str) -> LoadAnswer:
    """Read the load behind an energy or water meter."""
    return _load(_view_with_load(context, number))


@operations.add("PUT", "/meters/{number}/load")
def set_load(context: ControlContext, number: str, body: LoadBody) -> LoadAnswer:
    """Set the load from now on; counters keep their values."""
    view = _view_with_load(context, number)
    key, foreign = "centikwh_per_day", "litres_per_day"
    if isinstance(view, WaterView):
        key, foreign = foreign, key
    amount: int | None = getattr(body, key)
    if getattr(body, foreign) is not None:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, foreign, f"nothing: a {view.profile.kind} has {key}")
    if amount is None:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, key, "a value: it is missing")
    view.set_load(body.shape, amount)
    return _load(view)


def _view_with_load(context: ControlContext, number: str) -> MeterView | WaterView:
    view = context.farm.view(number)
    if not isinstance(view, MeterView | WaterView):
        raise Problem(HTTPStatus.NOT_FOUND, "number", f"a meter with a load, not {number}")
    return view


def _load(view: MeterView | WaterView) -> LoadAnswer:
    energy = view.load_centikwh_per_day if isinstance(view, MeterView) else None
    water = view.load_litres_per_day if isinstance(view, WaterView) else None
    return LoadAnswer(shape=view.load_shape, centikwh_per_day=energy, litres_per_day=water)


def _answer(context: ControlContext, number: str) -> MeterAnswer:
    return answer_of(site_row(context, number), context.farm.view(number))


def site_row(context: ControlContext, number: str) -> SiteMeter:
    """Row of a device in the site. Raises `UnknownMeter`."""
    placed = next((placed for placed in context.farm.site.meters if placed.number == number), None)
    if placed is None:
        raise UnknownMeter(number)
    return placed
