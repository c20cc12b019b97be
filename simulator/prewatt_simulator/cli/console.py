"""Shared parts of the commands `prewatt sim …`: options, announcements, tables, error exits."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from prewatt_fixtures.endpoints import Endpoint
    from prewatt_fixtures.site import SiteDial
    from prewatt_simulator.faults import Faults

BASE_PORT = 15001
"""Default TCP port of the first bus."""
_REFUSED = 2
RULE_SHOWN_MAX = 200
"""Characters of a rule in a message."""


class Protocol(StrEnum):
    """Protocol of the listeners."""

    RTU = "rtu"
    TCP = "tcp"


HostOption = Annotated[str, typer.Option(help="Address to listen on.")]
BasePortOption = Annotated[
    int,
    typer.Option(min=0, max=65535, help="TCP port of the first bus; the others follow. 0 takes free ones."),
]
SeedOption = Annotated[int, typer.Option(help="Fixes everything random.")]
FaultOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="RULE", help="A fault, as in [[faults]]: kind=lose-reply,meter=…,count=1. Repeatable."
    ),
]
JournalOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write every frame to this .txt, .jsonl or .pcapng file."),
]
ProtocolOption = Annotated[Protocol, typer.Option(help="RTU frames over TCP, or Modbus TCP.")]


def add_faults(faults: "Faults", rules: "Iterable[str]") -> None:
    """Put the rules of a command line in force, as part of the baseline. Exits with code 2 for a wrong rule."""
    from prewatt_simulator.errors import FaultRuleError  # noqa: PLC0415 - quick --help
    from prewatt_simulator.faults import fault_from_words  # noqa: PLC0415 - quick --help

    for rule in rules:
        try:
            faults.add(fault_from_words(rule))
        except FaultRuleError as wrong:
            refuse(f"--fault {rule[:RULE_SHOWN_MAX]}: {wrong}")
    faults.set_baseline()


def announce(
    endpoints: "Iterable[Endpoint]",
    dials: "Mapping[tuple[str, int], SiteDial] | None" = None,
    control: str | None = None,
    *,
    as_json: bool,
) -> None:
    """Print one line per listener, per port that dials out and for the control API, then `ready`.

    Programs that start a farm wait for `ready`.
    """
    import json  # noqa: PLC0415 - quick --help
    from dataclasses import asdict  # noqa: PLC0415 - quick --help

    for e in endpoints:
        typer.echo(
            json.dumps(asdict(e))
            if as_json
            else f"{e.gateway} port {e.port}: {e.framing} on {e.host}:{e.tcp}"
        )
    for (gateway, port), dial in (dials or {}).items():
        whom = f"{dial.host}:{dial.tcp}"
        typer.echo(
            json.dumps({"gateway": gateway, "port": port, "dials": whom})
            if as_json
            else f"{gateway} port {port}: dials {whom}"
        )
    if control is not None:
        typer.echo(json.dumps({"control": control}) if as_json else f"control on {control}")
    typer.echo(json.dumps({"ready": True}) if as_json else "ready")


def show_table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """Print aligned columns on a terminal; tabs and no headline when piped."""
    if not typer.get_text_stream("stdout").isatty():
        for row in rows:
            typer.echo("\t".join(row))
        return
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    for row in (head, *rows):
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def refuse(reason: object) -> NoReturn:
    """Print the reason as one line and exit with code 2."""
    # what was given may hold line breaks of any kind
    typer.echo(" ".join(f"prewatt sim: {reason}".split()), err=True)
    raise typer.Exit(_REFUSED)
