"""A device as JSON: its place, and the properties of its Python view under the same names.

The pydantic models are made from the views, so that a property added to a view appears in the API.
"""

from collections.abc import Mapping
from functools import cache, reduce
from http import HTTPStatus
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints

from pydantic import BaseModel, Field, RootModel, create_model

from prewatt_fixtures.profile import DeviceKind
from prewatt_fixtures.site import SiteMeter
from prewatt_simulator.control.environment import ENVIRONMENT_FIELDS, environment_of
from prewatt_simulator.control.operation import RequestModel, ResponseModel
from prewatt_simulator.control.problem import Problem
from prewatt_simulator.devices.device_view import ClimateView, TerminalView, WaterView
from prewatt_simulator.devices.meter_view import MeterView
from prewatt_simulator.errors import NotPrepaid
from prewatt_simulator.farm import View

_VIEWS: Mapping[DeviceKind, type[View]] = {
    DeviceKind.ENERGY_METER: MeterView,
    DeviceKind.WATER_METER: WaterView,
    DeviceKind.REMOTE_TERMINAL: TerminalView,
    DeviceKind.CLIMATE_CONTROLLER: ClimateView,
}
_PLACED = frozenset({"number", "profile"})
"""Properties of a view that `MeterRow` has already."""


class MeterRow(ResponseModel):
    """A device and its place."""

    number: str
    model: str
    kind: DeviceKind
    gateway: str
    port: int
    unit: int
    """Bus address in the site file."""
    place: str
    area: tuple[str, ...]


def row_of(placed: SiteMeter) -> MeterRow:
    """Number, model and place of a device."""
    return MeterRow(
        number=placed.number,
        model=placed.profile.model,
        kind=placed.profile.kind,
        gateway=placed.gateway,
        port=placed.port,
        unit=placed.bus_address,
        place=placed.place,
        area=placed.area,
    )


@cache
def _properties(kind: DeviceKind) -> Mapping[str, property]:
    found: dict[str, property] = {}
    for base in reversed(_VIEWS[kind].__mro__):
        found |= {name: each for name, each in vars(base).items() if isinstance(each, property)}
    return {name: each for name, each in found.items() if name not in _PLACED}


def _model(kind: DeviceKind) -> type[BaseModel]:
    """Answer model of a kind. Properties that a device model lacks, such as credit, are null."""
    fields: dict[str, Any] = {"kind": (Literal[kind], ...)}
    fields |= {
        name: (get_type_hints(each.fget)["return"] | None, Field(description=each.__doc__))
        for name, each in _properties(kind).items()
    }
    name = "".join(word.title() for word in kind.split("-"))
    return create_model(name, __base__=MeterRow, **fields, **ENVIRONMENT_FIELDS.get(kind, {}))


_MODELS = {kind: _model(kind) for kind in DeviceKind}

if TYPE_CHECKING:
    MeterAnswer = RootModel[BaseModel]
else:
    MeterAnswer = create_model(
        "MeterAnswer",
        __base__=RootModel[Annotated[reduce(or_, _MODELS.values()), Field(discriminator="kind")]],
        __doc__="A device, by its kind.",
    )


def _settable() -> dict[str, Any]:
    """Fields of the settable properties of all views."""
    return {
        name: (get_type_hints(each.fget)["return"] | None, Field(None, description=each.__doc__))
        for kind in DeviceKind
        for name, each in _properties(kind).items()
        if each.fset is not None
    }


if TYPE_CHECKING:
    SettingsBody = RequestModel
else:
    SettingsBody = create_model(
        "SettingsBody", __base__=RequestModel, __doc__="Settable properties of a device.", **_settable()
    )


def change(view: View, settings: SettingsBody) -> None:
    """Set the given properties. Raises a `Problem`, with none of them set, when the device lacks one."""
    wanted = settings.model_dump(exclude_none=True)
    known = _properties(view.profile.kind)
    # all names are checked before the first is set
    for name in wanted:
        if name not in known:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, name, f"nothing: a {view.profile.kind} has none")
    for name, value in wanted.items():
        setattr(view, name, value)


def answer_of(placed: SiteMeter, view: View) -> MeterAnswer:
    """Place, properties and environment of a device."""
    kind = placed.profile.kind
    seen = {name: _seen(view, name) for name in _properties(kind)}
    return MeterAnswer(_MODELS[kind].model_validate(dict(row_of(placed)) | seen | environment_of(view)))


def _seen(view: View, name: str) -> Any:
    try:
        return getattr(view, name)
    except NotPrepaid:
        return None
