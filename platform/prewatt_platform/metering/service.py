"""Verbs of metering: address of a meter, reading interval."""

from prewatt_fixtures.endpoints import Framing
from prewatt_platform.field.messages import BusAddress, MeterAddress
from prewatt_platform.kernel import audit
from prewatt_platform.kernel.tenancy import Work
from prewatt_platform.metering.errors import GatewayUnreachable, UnknownMeter
from prewatt_platform.metering.models import Meter, Port
from prewatt_platform.metering.repository import GatewayRepository, MeterRepository
from prewatt_platform.projects.models import Project
from prewatt_platform.projects.repository import ProjectRepository


class MeteringService:
    """Meters of one project, inside one unit of work."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._meters = MeterRepository(work)

    async def meter(self, number: str, *, for_update: bool = False) -> Meter:
        """The installed meter of that number. Raises `UnknownMeter`."""
        meter = await self._meters.by_number(number, for_update=for_update)
        if meter is None:
            raise UnknownMeter(number)
        return meter

    async def address(self, meter: Meter) -> MeterAddress:
        """Address of the meter. Raises `GatewayUnreachable` when its gateway's address is not known."""
        port = await GatewayRepository(self._work).port(meter.gateway_number, meter.port)
        assert port is not None, "a meter's port exists: the database says so"
        return address_of(meter, port)

    async def set_reading_interval(
        self, number: str | None, interval_s: int | None
    ) -> tuple[Project, Meter | None]:
        """Set the reading interval of a meter, or without a number of the project. None: the project's interval.

        Raises `UnknownMeter`, and `ValueError` for a project without an interval.
        """
        project = await ProjectRepository(self._work).by_id(self._work.project_id)
        assert project is not None
        meter = None
        if number is None:
            if interval_s is None:
                raise ValueError("a project needs an interval")
            project.reading_interval_s = interval_s
        else:
            meter = await self.meter(number)
            point = await self._meters.point(meter.point_id, for_update=True)
            point.reading_interval_s = interval_s
        audit.record(
            self._work,
            "reading interval set",
            f"meter {number}" if number else "project",
            interval_s=interval_s,
        )
        await self._work.session.flush()
        return project, meter


def address_of(meter: Meter, port: Port) -> MeterAddress:
    """The address of a meter on a port. Raises `GatewayUnreachable` when the port has none."""
    if port.host is None or port.tcp is None:
        raise GatewayUnreachable(meter.gateway_number, meter.port)
    framing: Framing = "tcp" if port.framing == "tcp" else "rtu"
    return MeterAddress(
        bus=BusAddress(port.host, port.tcp, framing),
        unit=meter.bus_address,
        model=meter.model,
        number=meter.number,
        ct=meter.ct,
        pt=meter.pt,
    )
