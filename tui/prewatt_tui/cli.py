"""`prewatt tui`: starts the terminal. Textual is imported by the command itself, so that `prewatt --help` stays quick."""

import os
from typing import Annotated, cast

import typer

app = typer.Typer(add_completion=False)


@app.command("tui")
def tui(
    url: Annotated[str, typer.Option(help="Where the platform is.")] = "http://127.0.0.1:8000",
    project: Annotated[str | None, typer.Option(help="Code of the project to open.")] = None,
    name: Annotated[str, typer.Option(help="The operator's name.")] = "",
    lang: Annotated[
        str | None, typer.Option(help="Language of the screen, en or zh; by default that of the locale.")
    ] = None,
) -> None:
    """The technician's terminal: meters, sales and switching. It asks for the password, or takes PREWATT_PASSWORD."""
    from prewatt_tui import language  # noqa: PLC0415 - starts quickly without it

    if lang is not None and lang not in language.LANGUAGES:
        raise typer.BadParameter(
            f"{lang!r} is not one of {', '.join(language.LANGUAGES)}", param_hint="--lang"
        )
    # before the screens are imported: their headings are made then
    language.choose(language.of_locale() if lang is None else cast("language.Language", lang))

    from prewatt_tui.app import TerminalApp  # noqa: PLC0415 - in the language that was chosen

    TerminalApp(url, project=project, name=name, password=os.environ.get("PREWATT_PASSWORD", "")).run()
