"""`prewatt demo`: words, options and exit codes. The work is imported when it is known that it can be done."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from prewatt_harness.errors import StepFailed
    from prewatt_harness.summary import Summary

app = typer.Typer(add_completion=False, context_settings={"help_option_names": ["-h", "--help"]})

DEFAULT_PORT = 8000
_FAILED = 1
_REFUSED = 2
_BY_SIGNAL = 128


@app.command(
    epilog="Examples: prewatt demo · prewatt demo --once --json · prewatt demo --site tiny --data ./demo"
)
def demo(
    site: Annotated[str, typer.Option(help="A shipped site's name, or a site file.")] = "mingde",
    once: Annotated[bool, typer.Option("--once", help="End when everything was shown.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print nothing but one JSON object when everything was shown.")
    ] = False,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", file_okay=False, help="Keep database and registers here, and go on from them."
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            help=f"Port of the API; 0 takes a free one. By default {DEFAULT_PORT}, or a free one if that is taken.",
        ),
    ] = None,
) -> None:
    """A whole site read, an account opened, credit sold and supply switched, in a stack of its own."""
    import asyncio  # noqa: PLC0415 - quick --help

    from prewatt_fixtures.errors import FixtureError  # noqa: PLC0415 - quick --help
    from prewatt_fixtures.site import load_site  # noqa: PLC0415 - quick --help

    try:
        described = load_site(site)
    except FixtureError as wrong:
        _refuse(str(wrong))

    from prewatt_harness.demo import Demo  # noqa: PLC0415 - heavy
    from prewatt_harness.errors import StepFailed  # noqa: PLC0415 - heavy
    from prewatt_harness.progress import progress_on_stderr  # noqa: PLC0415 - heavy
    from prewatt_harness.signals import Interrupted  # noqa: PLC0415 - heavy
    from prewatt_harness.stack import HOST, StackPlan, is_free  # noqa: PLC0415 - heavy

    if port and not is_free(port):
        _refuse(f"port {port} on {HOST} is taken")
    plan = StackPlan(described, site, data, (DEFAULT_PORT, 0) if port is None else (port,))
    summary: list[Summary] = []

    def show(shown: "Summary") -> None:
        summary.append(shown)
        words = (
            json.dumps(shown.as_json(staying=not once), ensure_ascii=False)
            if as_json
            else shown.as_text(staying=not once)
        )
        print(words, flush=True)

    try:
        with progress_on_stderr(silent=as_json) as progress:
            asyncio.run(Demo(plan, progress, show, stay=not once).run())
    except StepFailed as failed:
        _fail(failed)
    except Interrupted as interrupted:
        raise typer.Exit(_BY_SIGNAL + interrupted.number) from None
    if summary[0].readings.failed:
        raise typer.Exit(_FAILED)


def _fail(failed: "StepFailed") -> NoReturn:
    from prewatt_harness.errors import ProgramEnded  # noqa: PLC0415 - heavy
    from prewatt_platform.kernel.errors import PlatformError  # noqa: PLC0415 - heavy

    typer.echo(f"prewatt demo: {failed}", err=True)
    for note in getattr(failed.reason, "__notes__", ()):
        typer.echo(note, err=True)
    match failed.reason:
        case PlatformError() | ProgramEnded(exit_code=2):
            raise typer.Exit(_REFUSED)
        case _:
            raise typer.Exit(_FAILED)


def _refuse(reason: str) -> NoReturn:
    typer.echo(f"prewatt demo: {reason}", err=True)
    raise typer.Exit(_REFUSED)
