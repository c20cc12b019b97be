"""Errors of meters and gateways.

MeteringError
    UnknownMeter        no meter of that number in this project (another project's meter looks the same)
    GatewayUnreachable  the address of the meter's gateway is not known
    StalePicture        the meter repeats old registers, which are no evidence
"""

from datetime import datetime

from prewatt_platform.kernel.errors import PlatformError


class MeteringError(PlatformError):
    """Base of the errors of meters."""


class UnknownMeter(MeteringError):
    """No meter of that number in this project."""

    def __init__(self, number: str) -> None:
        self.number = number
        super().__init__(f"no meter {number}")


class GatewayUnreachable(MeteringError):
    """The gateway's address is not known."""

    def __init__(self, gateway: str, port: int) -> None:
        self.gateway = gateway
        self.port = port
        super().__init__(
            f"the address of gateway {gateway} port {port} is not known; import the site again with its endpoints"
        )


class StalePicture(MeteringError):
    """The meter repeats old registers: its clock did not advance since the latest fresh reading."""

    def __init__(self, number: str, meter_clock: datetime | None) -> None:
        self.meter_clock = meter_clock
        super().__init__(f"meter {number} repeats an old register picture; its clock shows {meter_clock}")
