"""Context of a session: platform, operator, project, clock, and the open request of each meter."""

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from prewatt_fixtures.clock import Clock
from prewatt_tui.client import ProjectApi
from prewatt_tui.models.session import Project
from prewatt_tui.requests import ActionRequest


@dataclass(slots=True)
class SessionContext:
    """A project as one operator works in it; it outlives every screen but not the session."""

    api: ProjectApi
    project: Project
    clock: Clock
    new_key: Callable[[], UUID]

    unanswered: dict[str, ActionRequest] = field(default_factory=dict)
    """Intents that got no answer, by meter number: to be sent again with the same key, or given up by the operator."""

    followed: dict[str, str] = field(default_factory=dict)
    """The last command for each meter, by meter number: a page that is opened again goes on following it."""
