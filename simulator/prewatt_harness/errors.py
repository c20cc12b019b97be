"""Errors of the harness. Errors of the platform and of site files pass through.

HarnessError            root of everything this package raises on purpose
    ProgramEnded        the farm or the platform ended although nobody had told it to
    ApiRefused          the API did not do what it was asked; carries the code
    ApiUnreachable      the API did not answer
    BusUnreadable       a meter did not answer the demo's own question
    NotAsPromised       an answer or a register is not what it must be by now
    NothingToSell       the site has no meter that credit can be sold to
    StepFailed          one of the above, with the step of the demo that it happened in
"""


class HarnessError(Exception):
    """Root of everything the harness raises on purpose. Its notes are the ends of the programs' logs."""


class ProgramEnded(HarnessError):
    """A program of ours ended by itself, or was not ready in time (`exit_code` None)."""

    def __init__(self, name: str, exit_code: int | None) -> None:
        self.name = name
        self.exit_code = exit_code
        ended = "was not ready in time" if exit_code is None else f"ended with exit code {exit_code}"
        super().__init__(f"the {name} {ended}")


class ApiRefused(HarnessError):
    """The API answered an operation with an error."""

    def __init__(self, operation: str, code: str, message: str) -> None:
        self.operation = operation
        self.code = code
        super().__init__(f"{operation}: {code}: {message}")


class ApiUnreachable(HarnessError):
    """No answer from the API, or none that is GraphQL."""

    def __init__(self, operation: str, reason: str) -> None:
        self.operation = operation
        super().__init__(f"{operation}: no answer from the API: {reason}")


class BusUnreadable(HarnessError):
    """A meter did not answer, or with an exception."""

    def __init__(self, meter_number: str, reason: str) -> None:
        self.meter_number = meter_number
        super().__init__(f"meter {meter_number} could not be read over the bus: {reason}")


class CheckFailed(HarnessError):
    """A check of the demo failed."""

    def __init__(self, what: str, wanted: object, found: object) -> None:
        self.wanted = wanted
        self.found = found
        super().__init__(f"{what} should be {wanted} and is {found}")


class NothingToSell(HarnessError):
    """No prepaid meter is free for an account, and none of the demo's own is left."""

    def __init__(self, project_code: str) -> None:
        self.project_code = project_code
        super().__init__(f"project {project_code} has no unopened prepaid meter that was read")


class StepFailed(HarnessError):
    """What failed, and in which step."""

    def __init__(self, step: str, reason: Exception) -> None:
        self.step = step
        self.reason = reason
        super().__init__(f"{step}: {reason}")
