"""Commands `prewatt serve` and `prewatt schema`. Heavy modules are imported when a command runs."""

import json
from enum import StrEnum
from typing import Annotated, NoReturn

import typer

from prewatt_platform.kernel.settings import Settings, read_settings

_REFUSED = 2


def _settings_table() -> str:
    """All settings, for the end of the help."""
    lines = []
    for name, field in Settings.model_fields.items():
        default = "" if field.default in {None, ""} else f" (default {field.default})"
        lines.append(f"  PREWATT_{name.upper()}\n      {field.description}{default}")
    return "\b\nSettings, from the environment:\n" + "\n".join(lines)


serve_app = typer.Typer(add_completion=False, rich_markup_mode=None)
schema_app = typer.Typer(add_completion=False, rich_markup_mode=None)


class Role(StrEnum):
    """Role of a process."""

    ALL = "all"
    API = "api"
    COLLECTOR = "collector"


@serve_app.command(epilog=_settings_table())
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")
    ] = 8000,
    role: Annotated[
        Role,
        typer.Option(
            help="api answers requests; collector reads meters and carries out commands; all does both."
        ),
    ] = Role.ALL,
    as_json: Annotated[bool, typer.Option("--json", help="Print the ready line as a JSON object.")] = False,
) -> None:
    """Run the platform until Ctrl-C or SIGTERM; prints one line when it answers requests.

    Example: PREWATT_DATA=./data prewatt serve --port 8000
    """
    from prewatt_fixtures.http_server import AddressUnusable  # noqa: PLC0415 - heavy
    from prewatt_graphql import serve as serving  # noqa: PLC0415 - heavy
    from prewatt_platform.kernel.errors import PlatformError  # noqa: PLC0415 - heavy

    def announce(url: str) -> None:
        line = json.dumps({"ready": True, "url": url, "role": role.value}) if as_json else f"ready {url}"
        print(line, flush=True)

    try:
        serving.run(host, port, role.value, read_settings(), announce)
    except (AddressUnusable, PlatformError) as wrong:
        _refuse(str(wrong))


@schema_app.command()
def schema() -> None:
    """Print the API's schema in the GraphQL schema definition language."""
    from prewatt_graphql.schema import sdl  # noqa: PLC0415 - heavy

    typer.echo(sdl(), nl=False)


def _refuse(reason: str) -> NoReturn:
    typer.echo(f"prewatt serve: {reason}", err=True)
    raise typer.Exit(_REFUSED)
