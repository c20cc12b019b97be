"""Errors of the kernel.

PlatformError               base of all errors of the platform
    KernelError             base of the kernel's errors
        SettingWrong        an environment variable has an invalid value; names it
        DatabaseUnreachable no connection; names the address and the way out
        DatabaseUrlWrong    PREWATT_DATABASE_URL is no PostgreSQL URL
        NoDatabaseNamed     neither a database nor a data folder is configured
        SchemaOutdated      the schema is not this version's; names both revisions
        MigrationFailed     the migration failed; carries the database's message
        ForeignRow          a row of another project was given to a repository: a fault in our code
        PostgresMissing     no embedded server for this machine; names the way out
        PostgresFailed      the embedded server did not start; carries the last lines of its log
        FolderInUse         another process runs a server on this data folder; carries its process id
        FolderUnusable      a folder cannot be used; carries the reason
"""

from pathlib import Path


class PlatformError(Exception):
    """Base of all errors of the platform."""


class KernelError(PlatformError):
    """Base of the kernel's errors."""


class SettingWrong(KernelError):
    """An environment variable has an invalid value. The message omits the value, which may be a secret."""

    def __init__(self, name: str, expected: str) -> None:
        self.name = name
        super().__init__(f"{name}: {expected}")


class DatabaseUnreachable(KernelError):
    """The database does not answer at its address (shown without the password)."""

    def __init__(self, url: str, reason: str) -> None:
        from sqlalchemy.engine import make_url  # noqa: PLC0415 - errors and settings are read where no database is

        self.address = make_url(url).render_as_string(hide_password=True)
        super().__init__(
            f"no database at {self.address}: {reason}. Set PREWATT_DATABASE_URL, or unset it to use the embedded one"
        )


class DatabaseUrlWrong(KernelError):
    """The setting is no PostgreSQL URL. The message omits the URL, which may contain a password."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"PREWATT_DATABASE_URL: {reason}; expected postgresql://user:password@host:port/database"
        )


class NoDatabaseNamed(KernelError):
    """Neither a database nor a data folder is configured; results in a temporary database would be lost."""

    def __init__(self) -> None:
        super().__init__(
            "no database named: set PREWATT_DATABASE_URL, or PREWATT_DATA to a folder for an embedded one"
        )


class SchemaOutdated(KernelError):
    """The database's schema revision is not the one that this version needs."""

    def __init__(self, found: str | None, wanted: str) -> None:
        self.found = found
        self.wanted = wanted
        super().__init__(
            f"the database has schema {found or 'none'}, this version needs {wanted}: run prewatt db upgrade"
        )


class MigrationFailed(KernelError):
    """A migration failed and was rolled back."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"the database's schema could not be brought up to date: {reason}")


class ForeignRow(KernelError):
    """A row of another project was given to a repository: a fault in our code. Nothing was written."""

    def __init__(self, table: str) -> None:
        super().__init__(f"a row of {table} belongs to another project")


class PostgresMissing(KernelError):
    """No embedded PostgreSQL on this machine; its wheel is not built for every platform."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"no embedded PostgreSQL: {reason}. Set PREWATT_DATABASE_URL to a server of your own"
        )


class PostgresFailed(KernelError):
    """The embedded server on `folder` did not start; `log_tail` is the end of its log."""

    def __init__(self, folder: Path, log_tail: str) -> None:
        self.folder = folder
        self.log_tail = log_tail
        super().__init__(
            f"PostgreSQL in {folder} did not start; the end of its log:\n{log_tail or '(nothing)'}"
        )


class FolderInUse(KernelError):
    """Another process, `pid`, runs a server on the data folder."""

    def __init__(self, folder: Path, pid: int | None) -> None:
        self.folder = folder
        self.pid = pid
        super().__init__(f"the data folder {folder} is in use by process {pid or 'unknown'}")


class FolderUnusable(KernelError):
    """A folder that the embedded server needs cannot be made, written or entered."""

    def __init__(self, folder: Path, reason: str) -> None:
        self.folder = folder
        super().__init__(f"the folder {folder} cannot be used: {reason}")
