"""A device as JSON: its place, and the properties of its Python view under the same names.

The models are made from the views, so that what one door shows the other shows too.
"""

from collections.abc import Mapping
from functools import cache, reduce
from http import HTTPStatus
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints

from pydantic import BaseModel, Field, RootModel, create_model

from prewatt_fixtures.profile import DeviceKind
from prewatt_fixtures.site import SiteMeter
from prewatt_simulator.control.environment import SURROUNDINGS, environment_of
from prewatt_simulator.control.operation import RequestModel, ResponseModel
from prewatt_simulator.control.problem import Problem
from prewatt_simulator.devices.device_view import ClimateView, TerminalView, WaterView
from prewatt_simulator.devices.meter_view import MeterView
from prewatt_simulator.errors import KeepsNoCredit
from prewatt_simulator.farm import View

_VIEWS: Mapping[DeviceKind, type[View]] = {
    DeviceKind.ENERGY_METER: MeterView,
    DeviceKind.WATER_METER: WaterView,
    DeviceKind.REMOTE_TERMINAL: TerminalView,
    DeviceKind.CLIMATE_CONTROLLER: ClimateView,
}
_PLACED = frozenset({"number", "profile"})
"""What a view shows and the place tells already."""


class MeterRow(ResponseModel):
    """A device and its place."""

    number: str
    model: str
    kind: DeviceKind
    gateway: str
    port: int
    unit: int
    """Its address on the bus, as the site file says."""
    place: str
    area: tuple[str, ...]


def row_of(placed: SiteMeter) -> MeterRow:
    """Where a device is."""
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
    for each in reversed(_VIEWS[kind].__mro__):
        found |= {name: shown for name, shown in vars(each).items() if isinstance(shown, property)}
    return {name: shown for name, shown in found.items() if name not in _PLACED}


def _model(kind: DeviceKind) -> type[BaseModel]:
    """Properties that a model lacks, such as money, are null."""
    shown: dict[str, Any] = {"kind": (Literal[kind], ...)}
    shown |= {
        name: (get_type_hints(each.fget)["return"] | None, Field(description=each.__doc__))
        for name, each in _properties(kind).items()
    }
    name = "".join(word.title() for word in kind.split("-"))
    return create_model(name, __base__=MeterRow, **shown, **SURROUNDINGS.get(kind, {}))


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
    """What any view lets be set."""
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
        "SettingsBody", __base__=RequestModel, __doc__="What of a device can be set by hand.", **_settable()
    )


def change(view: View, settings: SettingsBody) -> None:
    """Set the given properties, or none of them with a problem when the device lacks one."""
    wanted = settings.model_dump(exclude_none=True)
    known = _properties(view.profile.kind)
    for name in wanted:
        if name not in known:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, name, f"nothing: a {view.profile.kind} has none")
    for name, value in wanted.items():
        setattr(view, name, value)


def answer_of(placed: SiteMeter, view: View) -> MeterAnswer:
    """All there is to see of a device."""
    kind = placed.profile.kind
    seen = {name: _seen(view, name) for name in _properties(kind)}
    shown = _MODELS[kind].model_validate(dict(row_of(placed)) | seen | environment_of(view))
    return MeterAnswer(shown)


def _seen(view: View, name: str) -> Any:
    try:
        return getattr(view, name)
    except KeepsNoCredit:
        return None
