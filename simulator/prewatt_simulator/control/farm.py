"""Control API, noun farm: site, seed, clock, listeners, and reset between tests."""

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
    """Site, seed, clock and listeners of the farm."""

    project: str
    """The site's project code."""
    name: str
    seed: int
    start: datetime
    clock: ClockAnswer
    meters: int
    """Number of devices of all kinds."""
    endpoints: tuple[EndpointAnswer, ...]


class ResetBody(RequestModel):
    """Extent of a reset."""

    meters: bool = False
    """Also reset devices to the site file: counters, credit, settings, loads and environment."""


@operations.add("GET", "/farm")
def get_farm(context: ControlContext) -> FarmAnswer:
    """Read site, seed, clock and listeners."""
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
    """Reset fault rules to those of the farm's start and empty the journal; the clock goes on."""
    context.farm.faults.reset()
    if body.meters:
        context.farm.reset_devices()
    context.farm.journal.clear()
