"""Who is signed in, and to which projects."""

from dataclasses import dataclass
from typing import Self
from zoneinfo import ZoneInfo

from prewatt_tui.models.values import Json


@dataclass(frozen=True, slots=True)
class Project:
    """A project with the signed-in operator's role."""

    code: str
    name: str
    timezone: str
    currency: str
    role: str
    meter_count: int | None

    @classmethod
    def of(cls, data: Json) -> Self:
        return cls(
            data["code"], data["name"], data["timezone"], data["currency"], data["role"], data["meterCount"]
        )

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which the project's people read a clock."""
        return ZoneInfo(self.timezone)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that the platform granted."""

    token: str
    operator: str
    projects: tuple[Project, ...]

    @classmethod
    def of(cls, data: Json) -> Self:
        projects = tuple(Project.of(project) for project in data["projects"] or ())
        return cls(data["token"], data["viewer"]["displayName"] or data["viewer"]["name"], projects)
