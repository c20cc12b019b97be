"""Control API, noun faults: list, add and remove fault rules, and reset them to those of the farm's start."""

import warnings
from dataclasses import fields
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

from pydantic import create_model

from prewatt_simulator.control.operation import (
    ControlContext,
    Hexadecimal,
    Operations,
    RequestModel,
    ResponseModel,
)
from prewatt_simulator.control.problem import Problem
from prewatt_simulator.faults import Fault, FaultHandle, FaultKind

operations = Operations("faults")


def _keys() -> dict[str, Any]:
    hints = get_type_hints(Fault)
    keys: dict[str, Any] = {key.name: (hints[key.name], key.default) for key in fields(Fault)}
    # as on the command line, where 0x20 is a number
    keys |= dict.fromkeys(
        ("function", "register", "code", "unit"), (Annotated[int | None, Hexadecimal], None)
    )
    return keys | {"kind": (FaultKind, ...)}


if TYPE_CHECKING:
    FaultBody = RequestModel
else:
    with warnings.catch_warnings():  # a class has a `register` of its own, which no model needs
        warnings.filterwarnings("ignore", 'Field name "register"', UserWarning)
        FaultBody = create_model("FaultBody", __base__=RequestModel, **_keys())
    FaultBody.__doc__ = "A rule, with the keys that a `[[faults]]` table of a site file has."


class FaultAnswer(ResponseModel):
    """A rule in force."""

    name: str
    """Name of the rule in the journal."""
    fired: int
    """Number of hits."""
    rule: FaultBody


class FaultsAnswer(ResponseModel):
    """The rules in force, in the order of matching; the first that fires is applied."""

    faults: tuple[FaultAnswer, ...]


@operations.add("GET", "/faults")
def list_faults(context: ControlContext) -> FaultsAnswer:
    """List the rules in force with their number of hits."""
    return FaultsAnswer(faults=tuple(_answer(handle) for handle in context.farm.faults.rules))


@operations.add("POST", "/faults", status=HTTPStatus.CREATED)
def add_fault(context: ControlContext, body: FaultBody) -> FaultAnswer:
    """Put a rule in force. 422 for a rule that can never apply in this farm."""
    return _answer(context.farm.faults.add(Fault(**body.model_dump(exclude_unset=True))))


@operations.add("DELETE", "/faults")
def clear_faults(context: ControlContext) -> None:
    """Remove all rules and end their effects on meters."""
    context.farm.faults.clear()


@operations.add("POST", "/faults/reset")
def reset_faults(context: ControlContext) -> FaultsAnswer:
    """Reset to the rules of the farm's start, with no hits counted and every random source seeded anew."""
    context.farm.faults.reset()
    return list_faults(context)


@operations.add("GET", "/faults/{name}")
def get_fault(context: ControlContext, name: str) -> FaultAnswer:
    """Read one rule with its number of hits."""
    return _answer(_handle(context, name))


@operations.add("DELETE", "/faults/{name}")
def remove_fault(context: ControlContext, name: str) -> None:
    """Remove a rule and end its effects on meters."""
    context.farm.faults.remove(_handle(context, name))


def _answer(handle: FaultHandle) -> FaultAnswer:
    fault = handle.fault
    configured = {key.name: getattr(fault, key.name) for key in fields(fault)}
    rule = {
        name: value
        for name, value in configured.items()
        if name == "kind" or value != Fault.__dataclass_fields__[name].default
    }
    return FaultAnswer(name=handle.name, fired=handle.fired, rule=FaultBody.model_validate(rule))


def _handle(context: ControlContext, name: str) -> FaultHandle:
    handle = next((handle for handle in context.farm.faults.rules if handle.name == name), None)
    if handle is None:
        raise Problem(HTTPStatus.NOT_FOUND, "name", f"a rule in force, not {name!r}")
    return handle
