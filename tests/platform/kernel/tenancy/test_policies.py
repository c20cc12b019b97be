"""Row-level security of every table, found in the catalogue: a new table is tested without being listed here."""

from typing import Any

import asyncpg
import pytest

pytestmark = pytest.mark.anyio

PROJECT_TABLES = """
    SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'project_id'
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace
    ORDER BY 1"""

DIRECTORY = {"alembic_version", "operators", "memberships", "sessions", "projects"}
"""Tables that belong to no project. `memberships` joins the two, and is the directory's alone."""

FORBIDDEN = "permission denied"
REFUSED = "row-level security"
APPEND_ONLY = {"entries", "transfers", "audit_events", "idempotency_keys"}


async def project_tables(connection: Any) -> list[str]:
    rows = await connection.fetch(PROJECT_TABLES)
    return [row[0] for row in rows if row[0] not in DIRECTORY]


class As:
    """Statements as one of the roles, in a transaction that is always undone."""

    def __init__(self, connection: Any, role: str | None, project_id: int | None) -> None:
        self._connection = connection
        self._role = role
        self._project = "" if project_id is None else str(project_id)

    async def say(self, statement: str, *values: Any) -> str:
        """How many rows it concerned, or why it was refused."""
        undone = self._connection.transaction()
        await undone.start()
        try:
            await self._connection.execute("SELECT set_config('app.project', $1, true)", self._project)
            if self._role is not None:
                await self._connection.execute(f"SET LOCAL ROLE {self._role}")
            if statement.startswith("SELECT"):
                return str(len(await self._connection.fetch(statement, *values)))
            done: str = await self._connection.execute(statement, *values)
            return done.rsplit(maxsplit=1)[-1]
        except asyncpg.PostgresError as refused:
            return str(refused)
        finally:
            await undone.rollback()


async def copy_of(connection: Any, table: str, project_id: int) -> tuple[str, list[Any]]:
    """A statement that writes one of a project's rows again, but for what the database makes itself."""
    columns = [
        row[0]
        for row in await connection.fetch(
            "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND attgenerated = ''"
            " AND NOT attisdropped ORDER BY attnum",
            table,
        )
    ]
    row = await connection.fetchrow(
        f"SELECT {', '.join(columns)} FROM {table} WHERE project_id = $1 LIMIT 1", project_id
    )
    places = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places}) ON CONFLICT DO NOTHING", list(row)


async def test_each_project_has_rows_in_every_table(two_projects: Any) -> None:
    """Else the probes below would prove nothing."""
    tables = await project_tables(two_projects.superuser)
    assert len(tables) >= 19
    for table in tables:
        for scope in (two_projects.own, two_projects.foreign):
            say = As(two_projects.superuser, None, None).say
            found = await say(f"SELECT 1 FROM {table} WHERE project_id = $1", scope.project_id)
            assert int(found) > 0, f"{table} of project {scope.project_id}"


@pytest.mark.parametrize("has_project", [True, False])
async def test_rows_of_another_project_cannot_be_read_or_changed(
    two_projects: Any, has_project: bool
) -> None:
    own = two_projects.own.project_id if has_project else None
    foreign = two_projects.foreign.project_id
    app = As(two_projects.superuser, "prewatt_app", own)
    for table in await project_tables(two_projects.superuser):
        assert await app.say(f"SELECT 1 FROM {table} WHERE project_id = $1", foreign) == "0", table
        for change in (
            f"UPDATE {table} SET project_id = project_id WHERE project_id = $1",
            f"DELETE FROM {table} WHERE project_id = $1",
        ):
            said = await app.say(change, foreign)
            assert said == "0" or FORBIDDEN in said, (table, change, said)
        statement, row = await copy_of(two_projects.superuser, table, foreign)
        assert REFUSED in await app.say(statement, *row), table


async def test_no_row_can_be_moved_to_another_project(two_projects: Any) -> None:
    app = As(two_projects.superuser, "prewatt_app", two_projects.own.project_id)
    for table in await project_tables(two_projects.superuser):
        said = await app.say(f"UPDATE {table} SET project_id = $1", two_projects.foreign.project_id)
        assert REFUSED in said or FORBIDDEN in said, (table, said)


async def test_without_a_project_no_row_can_be_read_or_written(two_projects: Any) -> None:
    nobody = As(two_projects.superuser, "prewatt_app", None)
    for table in [*await project_tables(two_projects.superuser), "projects"]:
        assert await nobody.say(f"SELECT 1 FROM {table}") == "0", table
    for table in await project_tables(two_projects.superuser):
        statement, row = await copy_of(two_projects.superuser, table, two_projects.own.project_id)
        assert REFUSED in await nobody.say(statement, *row), table


async def test_own_rows_can_be_read_and_written_but_not_deleted(two_projects: Any) -> None:
    app = As(two_projects.superuser, "prewatt_app", two_projects.own.project_id)
    for table in await project_tables(two_projects.superuser):
        count = await app.say(f"SELECT 1 FROM {table}")
        assert int(count) > 0, table
        statement, row = await copy_of(two_projects.superuser, table, two_projects.own.project_id)
        # written again, an existing row changes nothing: what matters is that it is not refused
        assert await app.say(statement, *row) == "0", table
        assert FORBIDDEN in await app.say(f"DELETE FROM {table}"), table


async def test_a_project_reads_and_renames_only_itself(two_projects: Any) -> None:
    app = As(two_projects.superuser, "prewatt_app", two_projects.own.project_id)
    assert await app.say("SELECT 1 FROM projects") == "1"
    assert await app.say("UPDATE projects SET name = 'mine'") == "1"
    assert FORBIDDEN in await app.say("UPDATE projects SET code = '099'")
    assert FORBIDDEN in await app.say("INSERT INTO projects (code) VALUES ('099')")


@pytest.mark.parametrize("table", ["operators", "memberships", "sessions", "alembic_version"])
async def test_the_application_role_cannot_read_passwords_or_sessions(two_projects: Any, table: str) -> None:
    app = As(two_projects.superuser, "prewatt_app", two_projects.own.project_id)
    assert FORBIDDEN in await app.say(f"SELECT 1 FROM {table}")


async def test_the_directory_role_reads_operators_and_projects_but_no_project_rows(two_projects: Any) -> None:
    directory = As(two_projects.superuser, "prewatt_directory", two_projects.own.project_id)
    assert await directory.say("SELECT 1 FROM operators") == "1"
    assert await directory.say("SELECT 1 FROM projects") == "2"
    for table in await project_tables(two_projects.superuser):
        assert FORBIDDEN in await directory.say(f"SELECT 1 FROM {table}"), table


async def test_a_partition_of_readings_cannot_be_read_directly(two_projects: Any) -> None:
    months = await two_projects.superuser.fetch(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'readings'::regclass"
    )
    assert months
    for role in ("prewatt_app", "prewatt_directory"):
        for month in months:
            assert FORBIDDEN in await As(two_projects.superuser, role, two_projects.own.project_id).say(
                f"SELECT 1 FROM {month[0]}"
            )


async def test_append_only_holds_for_the_owner_too(two_projects: Any) -> None:
    owner = As(two_projects.superuser, None, None)
    for table in sorted(APPEND_ONLY):
        for change in (
            f"UPDATE {table} SET project_id = project_id",
            f"DELETE FROM {table}",
            f"TRUNCATE {table} CASCADE",
        ):
            assert f"{table} is append only" in await owner.say(change), change


async def test_row_level_security_is_forced_on_every_project_table(two_projects: Any) -> None:
    rows = await two_projects.superuser.fetch(
        "SELECT relname, relrowsecurity AND relforcerowsecurity AS policed FROM pg_class"
        " WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace"
    )
    assert {row["relname"] for row in rows if not row["policed"]} == DIRECTORY - {"projects"}
    assert {row["relname"] for row in rows if row["policed"]} == {
        *await project_tables(two_projects.superuser),
        "projects",
    }


async def test_the_application_roles_own_no_table_and_cannot_bypass_policies(two_projects: Any) -> None:
    roles = await two_projects.superuser.fetch(
        "SELECT rolsuper, rolbypassrls, rolcanlogin, rolcreaterole, rolcreatedb, rolreplication FROM pg_roles"
        " WHERE rolname IN ('prewatt_app', 'prewatt_directory')"
    )
    assert len(roles) == 2
    assert not any(value for role in roles for value in role.values())
    owned = await two_projects.superuser.fetch(
        "SELECT 1 FROM pg_class WHERE relowner IN ('prewatt_app'::regrole, 'prewatt_directory'::regrole)"
    )
    assert owned == []
    member_of = await two_projects.superuser.fetch(
        "SELECT 1 FROM pg_auth_members WHERE member IN ('prewatt_app'::regrole, 'prewatt_directory'::regrole)"
    )
    assert member_of == []


async def test_every_key_begins_with_the_project(two_projects: Any) -> None:
    """Primary, unique and foreign keys, and unique indexes; reviewed: what refers to a project by its id alone."""
    keys = await two_projects.superuser.fetch(
        """SELECT conrelid::regclass::text AS tab, conname, contype::text AS kind,
                  (SELECT attname FROM pg_attribute WHERE attrelid = conrelid AND attnum = conkey[1]) AS leads
           FROM pg_constraint WHERE contype IN ('p', 'u', 'f') AND connamespace = 'public'::regnamespace"""
    )
    tables = set(await project_tables(two_projects.superuser))
    wrong = [key["conname"] for key in keys if key["tab"] in tables and key["leads"] != "project_id"]
    assert wrong == []
    assert {key["tab"] for key in keys if key["kind"] == "p"} >= tables
    indexes = await two_projects.superuser.fetch(
        """SELECT indrelid::regclass::text AS tab, indexrelid::regclass::text AS name, attname AS leads
           FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
           JOIN pg_class c ON c.oid = indrelid WHERE c.relnamespace = 'public'::regnamespace"""
    )
    assert [row["name"] for row in indexes if row["tab"] in tables and row["leads"] != "project_id"] == []


async def test_every_reference_between_project_tables_names_the_project_on_both_sides(
    two_projects: Any,
) -> None:
    rows = await two_projects.superuser.fetch(
        """SELECT conname, confrelid::regclass::text AS target,
                  (SELECT attname FROM pg_attribute WHERE attrelid = confrelid AND attnum = confkey[1]) AS leads
           FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace"""
    )
    tables = set(await project_tables(two_projects.superuser))
    assert [row["conname"] for row in rows if row["target"] in tables and row["leads"] != "project_id"] == []
