"""Queries on projects. The list of projects belongs to the directory; one project is readable inside its own scope."""

from sqlmodel import col, select

from prewatt_platform.kernel.tenancy import Work
from prewatt_platform.projects.models import Project


class ProjectRepository:
    """Projects. A directory's unit of work sees all of them, a project's only its own (row-level security)."""

    def __init__(self, work: Work) -> None:
        self._session = work.session

    async def all(self) -> list[Project]:
        """Every project that this unit of work may see, by code."""
        return list((await self._session.execute(select(Project).order_by(col(Project.code)))).scalars())

    async def by_code(self, code: str) -> Project | None:
        """The project of that code, if this unit of work may see it."""
        return (await self._session.execute(select(Project).where(Project.code == code))).scalar_one_or_none()

    async def by_id(self, project_id: int, *, for_update: bool = False) -> Project | None:
        """The project of that id, if this unit of work may see it; `for_update` locks it until the end of the transaction."""
        # NO KEY UPDATE: rows that refer to the project can be inserted meanwhile, so their writers wait for nobody here
        lock = {"key_share": True} if for_update else None
        return await self._session.get(Project, project_id, with_for_update=lock)

    async def add(self, project: Project) -> Project:
        """Insert a project; sets its id."""
        self._session.add(project)
        await self._session.flush()
        return project
