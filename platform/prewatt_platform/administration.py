"""Functions behind the administrator's commands. Each opens the database that the settings name.

Results are plain dataclasses; errors are the platform's own. `cli` prints them.
"""

import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from prewatt_fixtures.clock import RealClock
from prewatt_fixtures.endpoints import read_endpoints
from prewatt_fixtures.site import load_site
from prewatt_platform.accounts.errors import UnknownReceipt
from prewatt_platform.kernel import migrate
from prewatt_platform.kernel.audit import AuditRepository, Head
from prewatt_platform.kernel.database import Database
from prewatt_platform.kernel.database_source import database_url
from prewatt_platform.kernel.errors import NoDatabaseNamed
from prewatt_platform.kernel.ids import IdMaker
from prewatt_platform.kernel.settings import read_settings
from prewatt_platform.kernel.tenancy import PLATFORM, Scope
from prewatt_platform.onboarding import Imported, import_site
from prewatt_platform.operators.errors import UnknownRole
from prewatt_platform.operators.models import Role
from prewatt_platform.operators.service import OperatorService
from prewatt_platform.projects.errors import UnknownProject
from prewatt_platform.projects.models import Project
from prewatt_platform.projects.repository import ProjectRepository
from prewatt_platform.receipts.models import Form, Language
from prewatt_platform.receipts.pdf import pdf
from prewatt_platform.receipts.plain_text import COLUMNS, plain_text
from prewatt_platform.receipts.service import ReceiptService
from prewatt_platform.reconciliation.service import Outcome
from prewatt_platform.reconciliation.service import verify as verify_project

PROJECT_CODE_LENGTH = 3


@dataclass(frozen=True, slots=True)
class Schema:
    """Revisions of the database's schema."""

    before: str | None
    after: str


@dataclass(frozen=True, slots=True)
class NewOperator:
    """An added operator; `password` only when it was generated here."""

    name: str
    role: str
    projects: tuple[str, ...]
    password: str | None


async def upgrade() -> Schema:
    """Migrate to this version's schema."""
    async with _opened() as (url, database):
        before = await migrate.revision(database)
        await migrate.upgrade(url)
    return Schema(before, migrate.HEAD)


async def check() -> Schema:
    """Raise unless the database answers and has this version's schema."""
    async with _ready():
        return Schema(migrate.HEAD, migrate.HEAD)


async def import_project(site_name: str, endpoints_file: Path | None) -> Imported:
    """Import a site. Both files are read before the database is opened, so a wrong file changes nothing."""
    site = load_site(site_name)
    endpoints = read_endpoints(endpoints_file) if endpoints_file is not None else ()
    async with _ready() as database:
        return await import_site(database, site, endpoints)


@dataclass(frozen=True, slots=True)
class Verified:
    """Outcomes of all checks of one project, and the head of its audit chain."""

    project: str
    clean: bool
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class ExportedHead:
    """Head of a project's audit chain, to be kept on another system. `hash` is hexadecimal."""

    project: str
    sequence: int
    hash: str


async def verify(code: str | None, heads: Mapping[str, Head]) -> list[Verified]:
    """Verify one project, or all of them; `heads` are audit heads that were exported earlier, by project code.

    Raises `UnknownProject`.
    """
    found = []
    async with _ready() as database:
        for project in await _projects(database, code):
            assert project.id is not None
            async with database.snapshot(Scope(project.id, PLATFORM)) as work:
                outcomes = await verify_project(work, heads.get(project.code))
            clean = not any(outcome.findings for outcome in outcomes)
            found.append(Verified(project.code, clean, tuple(outcomes)))
    return found


@dataclass(frozen=True, slots=True)
class PrintedReceipt:
    """A printed copy: `text`, or `pdf` with the characters that no font has."""

    copy_number: int
    text: str | None = None
    pdf: bytes | None = None
    missing: str = ""


async def print_receipt(number: str, form: str, language: str) -> PrintedReceipt:
    """Print a copy of a receipt; its number begins with the code of its project. Raises `UnknownReceipt`."""
    async with _ready() as database:
        async with database.directory() as directory:
            project = await ProjectRepository(directory).by_code(number[:PROJECT_CODE_LENGTH])
        if project is None or project.id is None:
            raise UnknownReceipt(number)
        async with database.project(Scope(project.id, PLATFORM)) as work:
            copy = await ReceiptService(work).print_without_key(number, Form(form), Language(language))
    if copy.row.form == Form.PDF:
        file = pdf(copy.sheet)
        return PrintedReceipt(copy.row.copy_number, pdf=file.content, missing=file.missing)
    return PrintedReceipt(copy.row.copy_number, text=plain_text(copy.sheet, COLUMNS[Form(form)]))


async def audit_heads(code: str | None) -> list[ExportedHead]:
    """Heads of the audit chains of one project, or of all. Raises `UnknownProject`."""
    found = []
    async with _ready() as database:
        for project in await _projects(database, code):
            assert project.id is not None
            async with database.snapshot(Scope(project.id, PLATFORM)) as work:
                head = await AuditRepository(work).head()
            found.append(ExportedHead(project.code, head.sequence, head.hash.hex()))
    return found


async def _projects(database: Database, code: str | None) -> Sequence[Project]:
    async with database.directory() as work:
        if code is None:
            return await ProjectRepository(work).all()
        found = await ProjectRepository(work).by_code(code)
    if found is None:
        raise UnknownProject(code)
    return [found]


async def add_operator(
    name: str, codes: Sequence[str], role_name: str, display_name: str | None, password: str | None
) -> NewOperator:
    """Add an operator with one role in each project. Without a password a random one is generated.

    Raises `UnknownRole`, `UnknownProject`, `NameMissing`, `WeakPassword`, `NameTaken`.
    """
    if role_name not in Role.__members__:
        raise UnknownRole(role_name)
    codes = tuple(dict.fromkeys(codes))
    generated = None
    if password is None:
        password = generated = secrets.token_urlsafe(12)
    async with _ready() as database:
        projects = []
        async with database.directory() as work:
            for code in codes:
                found = await ProjectRepository(work).by_code(code)
                if found is None:
                    raise UnknownProject(code)
                projects.append((found, Role(role_name)))
        operators = OperatorService(database, read_settings())
        await operators.add(name, password, display_name or name, projects)
    return NewOperator(name, role_name, codes, generated)


@asynccontextmanager
async def _ready() -> AsyncIterator[Database]:
    async with _opened() as (_, database):
        await migrate.check(database)
        yield database


@asynccontextmanager
async def _opened() -> AsyncIterator[tuple[str, Database]]:
    settings = read_settings()
    if settings.database_url is None and settings.data is None:
        raise NoDatabaseNamed
    clock = RealClock()
    async with database_url(settings) as url:
        database = Database(url, clock=clock, new_id=IdMaker(clock))
        try:
            await database.check()
            yield url, database
        finally:
            await database.close()
