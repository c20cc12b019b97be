"""Commands of the platform that need no API: `prewatt db`, `project`, `operator`, `audit`, `verify`, `receipt`.

An error that the user can correct gives exit code 2 and one line that says how. The work is in `administration`, which
takes about a second to import and is imported when a command runs.
"""

import asyncio
import json
from collections.abc import Coroutine
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

if TYPE_CHECKING:
    from prewatt_platform.administration import Verified
    from prewatt_platform.kernel.audit import Head

db = typer.Typer(help="The platform's database: migrate it, check it.", no_args_is_help=True)
project = typer.Typer(help="Projects: import a site.", no_args_is_help=True)
operator = typer.Typer(help="Operators: who may sign in.", no_args_is_help=True)
audit = typer.Typer(help="The audit trail: export its heads.", no_args_is_help=True)
verify_app = typer.Typer(add_completion=False)
receipt_app = typer.Typer(add_completion=False)

_WRONG = 1

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Result = TypeVar("Result")


@db.callback()
@project.callback()
@operator.callback()
@audit.callback()
def _group() -> None:
    """A callback makes typer keep the group when it has only one command."""


@db.command("upgrade")
def db_upgrade(as_json: AsJson = False) -> None:
    """Migrate the database to this version's schema; does nothing when it is up to date.

    Example: PREWATT_DATABASE_URL=postgresql://prewatt@db/prewatt prewatt db upgrade
    """
    from prewatt_platform import administration  # noqa: PLC0415 - heavy

    schema = _run(administration.upgrade())
    text = f"schema {schema.before or 'none'} -> {schema.after}"
    _say(schema, f"schema {schema.after}: nothing to do" if schema.before == schema.after else text, as_json)


@db.command("check")
def db_check(as_json: AsJson = False) -> None:
    """Check that the database answers and has this version's schema."""
    from prewatt_platform import administration  # noqa: PLC0415 - heavy

    schema = _run(administration.check())
    _say(schema, f"the database answers, schema {schema.after}", as_json)


@project.command("import")
def project_import(
    site: Annotated[str, typer.Argument(help="A shipped site by name, or the path of a site file.")],
    endpoints: Annotated[
        Path | None,
        typer.Option(help="JSON table of the gateways' addresses, as `prewatt sim endpoints` prints it."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Import a site: project, gateways, meters, and accounts of meters that are open already.

    Safe to repeat. Nothing is written to any meter. Examples:

    prewatt project import mingde --endpoints endpoints.json

    prewatt project import ./my-site.toml
    """
    from prewatt_platform import administration  # noqa: PLC0415 - heavy

    done = _run(administration.import_project(site, endpoints))
    counts = f"{done.meters} meters in the file, {done.meters_new} new, {done.accounts_new} accounts adopted"
    lines = [f"project {done.project}: {counts}"]
    lines.extend(
        f"  unreachable: gateway {gateway} port {port} (give --endpoints, or host and tcp in the file)"
        for gateway, port in done.unreachable
    )
    if done.left_aside:
        lines.append(f"  left aside, because they measure no energy: {', '.join(done.left_aside)}")
    _say(done, "\n".join(lines), as_json)


@operator.command("add")
def operator_add(
    name: Annotated[str, typer.Argument(help="The operator's sign-in name.")],
    projects: Annotated[
        list[str], typer.Option("--project", help="Code of a project; may be given more than once.")
    ],
    role: Annotated[
        str,
        typer.Option(help="VIEWER, CASHIER, FINANCE, ENGINEER or ADMINISTRATOR, in each of the projects."),
    ] = "VIEWER",
    display_name: Annotated[str | None, typer.Option(help="Name for display.")] = None,
    password_file: Annotated[
        Path | None,
        typer.Option(help="File with the password; without it a random one is generated and printed."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Add an operator. The password cannot be given on the command line, where other users could see it.

    Example: prewatt operator add li --project 001 --role CASHIER
    """
    from prewatt_platform import administration  # noqa: PLC0415 - heavy

    password = None if password_file is None else _read_password(password_file)
    added = _run(administration.add_operator(name, projects, role, display_name, password))
    text = f"operator {added.name}, {added.role} of {', '.join(added.projects)}"
    _say(added, f"{text}\npassword: {added.password}" if added.password else text, as_json)


ProjectCode = Annotated[
    str | None, typer.Option("--project", help="Code of a project; without it all projects.")
]


@audit.command("head")
def audit_head(code: ProjectCode = None, as_json: AsJson = False) -> None:
    """Print sequence and hash of the newest audit event of each project.

    Keep the output on another system: `prewatt verify --heads` compares with it, which shows a chain that was rewritten
    as a whole. Example: prewatt audit head --json > heads.json
    """
    from prewatt_platform import administration  # noqa: PLC0415 - heavy

    heads = _run(administration.audit_heads(code))
    if as_json:
        typer.echo(json.dumps([asdict(head) for head in heads]))
        return
    for head in heads:
        typer.echo(f"project {head.project}: event {head.sequence}, {head.hash}")


@verify_app.command()
def verify(
    code: ProjectCode = None,
    heads: Annotated[
        Path | None, typer.Option(help="Output of `prewatt audit head --json` from an earlier day.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Prove that ledger, orders, audit trail and the meters' latest readings agree. Changes nothing.

    Also for a restored backup. Exit code 1 when something is wrong; each finding shows both sides.
    Example: prewatt verify --project 001 --heads heads.json
    """
    from prewatt_platform import administration  # noqa: PLC0415 - heavy

    exported = {} if heads is None else _read_heads(heads)
    verified = _run(administration.verify(code, exported))
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in verified], ensure_ascii=False))
    else:
        for each in verified:
            _print_verified(each)
    if not all(each.clean for each in verified):
        raise typer.Exit(_WRONG)


class Columns(StrEnum):
    """Width of a thermal printer."""

    NARROW = "32"
    WIDE = "48"


class ReceiptLanguage(StrEnum):
    """Language of a receipt."""

    CHINESE = "chinese"
    ENGLISH = "english"


@receipt_app.command()
def receipt(
    number: Annotated[str, typer.Argument(help="Receipt number.")],
    text: Annotated[
        Columns | None,
        typer.Option(help="Plain text for a printer of so many columns; the default, with 48."),
    ] = None,
    pdf: Annotated[Path | None, typer.Option(help="Write a PDF to this file instead.")] = None,
    language: Annotated[ReceiptLanguage, typer.Option(help="Language of the receipt.")] = (
        ReceiptLanguage.CHINESE
    ),
) -> None:
    """Print a receipt. Every print is counted and audited; from the second on it is marked as a reprint.

    Example: prewatt receipt 00100000001 --text 32
    """
    from prewatt_platform import administration  # noqa: PLC0415 - heavy

    if text is not None and pdf is not None:
        _refuse("--text and --pdf exclude each other")
    form = "PDF" if pdf is not None else f"TEXT_{(text or Columns.WIDE).value}"
    printed = _run(administration.print_receipt(number, form, language.name))
    if pdf is None:
        typer.echo(printed.text, nl=False)
        return
    assert printed.pdf is not None
    try:
        pdf.write_bytes(printed.pdf)
    except OSError as wrong:
        _refuse(f"PDF file {pdf}: {wrong.strerror}")
    typer.echo(f"receipt {number}, copy {printed.copy_number}: {pdf}")
    if printed.missing:
        typer.echo(f"prewatt: no glyph for {' '.join(printed.missing)}; a box stands instead", err=True)


def _print_verified(verified: "Verified") -> None:
    typer.echo(f"project {verified.project}: {'clean' if verified.clean else 'WRONG'}")
    for outcome in verified.outcomes:
        mark = f"{outcome.findings} wrong" if outcome.findings else "holds"
        typer.echo(f"  {outcome.code:<4}{mark:<9} {outcome.promise}")
        for finding in outcome.first:
            typer.echo(f"      {finding.subject}: expected {finding.expected}, found {finding.found}")
        if outcome.findings > len(outcome.first):
            typer.echo(f"      and {outcome.findings - len(outcome.first)} more")


def _read_heads(file: Path) -> dict[str, "Head"]:
    from prewatt_fixtures import strict_json  # noqa: PLC0415 - with the commands
    from prewatt_platform.kernel.audit import Head  # noqa: PLC0415 - heavy

    try:
        rows = strict_json.loads(file.read_text("utf-8"))
        return {row["project"]: Head(int(row["sequence"]), bytes.fromhex(row["hash"])) for row in rows}
    except OSError as wrong:
        _refuse(f"heads file {file}: {wrong.strerror}")
    except (ValueError, KeyError, TypeError):
        _refuse(f"heads file {file}: it is not what `prewatt audit head --json` printed")


def _read_password(file: Path) -> str:
    try:
        return file.read_text("utf-8").strip()
    except OSError as wrong:
        _refuse(f"password file {file}: {wrong.strerror}")
    except UnicodeDecodeError:
        _refuse(f"password file {file}: it is no UTF-8 text")


def _run(work: Coroutine[Any, Any, Result]) -> Result:
    from prewatt_fixtures.errors import FixtureError  # noqa: PLC0415 - with the commands
    from prewatt_platform.kernel.errors import PlatformError  # noqa: PLC0415 - heavy

    try:
        return asyncio.run(work)
    except (PlatformError, FixtureError) as wrong:
        _refuse(str(wrong))


def _refuse(reason: str) -> NoReturn:
    typer.echo(f"prewatt: {reason}", err=True)
    raise typer.Exit(2)


def _say(result: Any, text: str, as_json: bool) -> None:
    typer.echo(json.dumps(asdict(result), ensure_ascii=False) if as_json else text)
