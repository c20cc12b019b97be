"""Errors of projects."""

from prewatt_platform.kernel.errors import PlatformError


class UnknownProject(PlatformError):
    """No project of that code."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(f"no project {code}")
