"""The farm as a whole: identity, listeners, and reset between tests."""

from datetime import datetime
from typing import Literal

from prewatt_simulator.control.clock import ClockAnswer, clock_answer
from prewatt_simulator.control.operation import ControlContext, Operations, RequestModel, ResponseModel

operations = Operations("farm")


class EndpointAnswer(ResponseModel):
    """One listener: a gateway's port, which is one bus."""

    gateway: str
    port: int
    host: str
    tcp: int
    framing: Literal["rtu", "tcp"]


class FarmAnswer(ResponseModel):
    """A farm."""

    project: str
    """The site's project code."""
    name: str
    seed: int
    start: datetime
    clock: ClockAnswer
    meters: int
    """How many devices of every kind."""
    endpoints: tuple[EndpointAnswer, ...]


class ResetBody(RequestModel):
    """How far back."""

    meters: bool = False
    """Also the devices: counters, money, settings, loads and environment as in the site file, from now on."""


@operations.add("GET", "/farm")
def get_farm(context: ControlContext) -> FarmAnswer:
    """The farm: site, seed, clock, listeners."""
    farm = context.farm
    return FarmAnswer(
        project=farm.site.project.code,
        name=farm.site.project.name,
        seed=farm.seed,
        start=farm.start,
        clock=clock_answer(farm.clock),
        meters=len(farm.meter_numbers),
        endpoints=tuple(
            EndpointAnswer(gateway=e.gateway, port=e.port, host=e.host, tcp=e.tcp, framing=e.framing)
            for e in context.endpoints
        ),
    )


@operations.add("POST", "/farm/reset")
def reset_farm(context: ControlContext, body: ResetBody) -> None:
    """Between tests: the faults of the farm's start and no others, an empty journal; the clock goes on."""
    context.farm.faults.reset()
    if body.meters:
        context.farm.reset_devices()
    context.farm.journal.clear()
