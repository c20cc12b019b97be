"""Errors that the simulator raises to its callers, beside `SettingRefused` for values outside their bounds.

SimulatorError
    FaultRuleError     a fault rule cannot apply: names the key and what was expected
    UnknownMeter       the farm has no meter of that number
    WrongDeviceKind    the device is of another kind
    NotPrepaid         the meter's model has no credit registers
    PortTaken          a listener's TCP port is in use: names host and port
    StateError         a saved state does not fit this farm, or is damaged
    ClockNotManual     the clock runs and cannot be moved by hand
    GatewayDialsOut    a meter has no address, because its gateway dials out
    SerialPortError    a serial port cannot be used: names it and the reason
    RecordingError     a recording is damaged: names the file, the line and what was expected
"""

from pathlib import Path

from prewatt_fixtures.bounds import shown


class SimulatorError(Exception):
    """Root of everything this package raises on purpose."""


class FaultRuleError(SimulatorError):
    """A fault rule is wrong at `key`; `expected` describes a valid value."""

    def __init__(self, key: str, expected: str) -> None:
        super().__init__(f"{key}: {expected}")
        self.key = key
        self.expected = expected


class UnknownMeter(SimulatorError, LookupError):
    """The farm has no meter of that number."""

    def __init__(self, number: object) -> None:
        super().__init__(f"no meter {number if isinstance(number, str) else shown(number)} in this farm")
        self.number = number


class WrongDeviceKind(SimulatorError):
    """The device is of another kind than requested."""

    def __init__(self, number: str, model: str, kind: str, wanted: str) -> None:
        super().__init__(f"{number} is a {model}, a {kind} and no {wanted}")
        self.number = number
        self.model = model


class NotPrepaid(SimulatorError):
    """The meter's model has no money registers."""

    def __init__(self, number: str, model: str) -> None:
        super().__init__(f"meter {number} is a {model}, which keeps no credit")
        self.number = number
        self.model = model


class PortTaken(SimulatorError):
    """Another process listens on the port."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(f"port {port} on {host} cannot be listened on: {reason}")
        self.host = host
        self.port = port


class StateError(SimulatorError):
    """A saved state does not fit this farm, or is damaged."""


class ClockNotManual(SimulatorError):
    """The clock runs and cannot be moved by hand."""

    def __init__(self, clock: object) -> None:
        super().__init__(
            f"a {type(clock).__name__} runs by itself; only one that is moved by hand, or stands still, can be moved on"
        )
        self.clock = clock


class GatewayDialsOut(SimulatorError, LookupError):
    """A meter has no address, because its gateway dials out instead of listening."""

    def __init__(self, number: str) -> None:
        super().__init__(f"nobody listens for meter {number}: its gateway dials out")
        self.number = number


class RecordingError(SimulatorError):
    """A recording is damaged at `line` of `file`, from 1; `expected` describes a valid one."""

    def __init__(self, file: str, line: int, expected: str) -> None:
        super().__init__(f"{file}, line {line}: {expected}")
        self.file = file
        self.line = line
        self.expected = expected


class SerialPortError(SimulatorError):
    """A serial port that cannot be opened or set."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"serial port {path}: {reason}")
