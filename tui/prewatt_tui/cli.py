"""`prewatt tui`: starts the terminal. Textual is imported by the command itself, so that `prewatt --help` stays quick."""

import os
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command("tui")
def tui(
    url: Annotated[str, typer.Option(help="Where the platform is.")] = "http://127.0.0.1:8000",
    project: Annotated[str | None, typer.Option(help="Code of the project to open.")] = None,
    name: Annotated[str, typer.Option(help="The operator's name.")] = "",
) -> None:
    """The technician's terminal: meters, sales and switching. It asks for the password, or takes PREWATT_PASSWORD."""
    from prewatt_tui.app import TerminalApp  # noqa: PLC0415 - starts quickly without it

    TerminalApp(url, project=project, name=name, password=os.environ.get("PREWATT_PASSWORD", "")).run()
