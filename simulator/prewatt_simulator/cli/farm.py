"""Commands of `prewatt sim`: run, endpoints, check, generate, devices; record and replay are in `cli.recording`.

Options and output only. Heavy imports are inside the commands, so that `--help` is quick.
"""

from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from prewatt_simulator.cli import recording as cli_recording
from prewatt_simulator.cli.console import (
    BASE_PORT,
    BasePortOption,
    FaultOption,
    HostOption,
    JournalOption,
    Protocol,
    ProtocolOption,
    SeedOption,
    add_faults,
    announce,
    refuse,
    show_table,
)

if TYPE_CHECKING:
    from prewatt_fixtures.clock import Clock
    from prewatt_simulator.farm import Farm
    from prewatt_simulator.journal.journal import Journal
    from prewatt_simulator.serve import Control

app = typer.Typer(
    help="Simulated meters on simulated buses.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

SiteArgument = Annotated[str, typer.Argument(metavar="SITE", help="A shipped site's name, or a site file.")]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]


@app.command(
    epilog="Examples: [bold]prewatt sim run tiny[/] · [bold]prewatt sim run mingde --protocol tcp --speed 0[/] · "
    "[bold]prewatt sim run site.toml --base-port 0 --no-wire-timing --state farm.json --json[/]"
)
def run(
    site: SiteArgument,
    base_port: BasePortOption = BASE_PORT,
    host: HostOption = "127.0.0.1",
    protocol: ProtocolOption = Protocol.RTU,
    seed: SeedOption = 1,
    speed: Annotated[float, typer.Option(help="Farm seconds per second; 0 freezes the farm.")] = 1.0,
    start: Annotated[
        str | None,
        typer.Option(metavar="ISO", help="Farm time at the start, with an offset; now by default."),
    ] = None,
    wire_timing: Annotated[
        bool, typer.Option(help="Let frames take their time on the line; else answer at once.")
    ] = True,
    state: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Load the registers from this file if it is there; save them on stopping."
        ),
    ] = None,
    fault: FaultOption = None,
    journal: JournalOption = None,
    control: Annotated[
        int | None,
        typer.Option(
            metavar="PORT", min=0, max=65535, help="Answer the HTTP control API there; 0 takes a free port."
        ),
    ] = None,
    control_host: Annotated[
        str, typer.Option(help="Address of the control API; beyond loopback it asks for a token.")
    ] = "127.0.0.1",
    control_token: Annotated[
        str | None,
        typer.Option(
            envvar="PREWATT_CONTROL_TOKEN",
            help="Token that clients of the control API send as `Authorization: Bearer …`.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Run a farm until Ctrl-C or SIGTERM: one line per bus, then `ready`."""
    import asyncio  # noqa: PLC0415 - quick --help
    from contextlib import ExitStack  # noqa: PLC0415 - quick --help

    from prewatt_fixtures.errors import FixtureError  # noqa: PLC0415 - quick --help
    from prewatt_simulator import errors, serve  # noqa: PLC0415 - quick --help
    from prewatt_simulator.journal.file import JournalFile  # noqa: PLC0415 - quick --help

    try:
        with ExitStack() as stack:
            file = None if journal is None else stack.enter_context(JournalFile(journal, protocol.value))
            recorded = None if file is None else file.journal
            clock = _clock(start, speed, settable=control is not None)
            farm = _farm(site, clock=clock, seed=seed, wire_timing=wire_timing, journal=recorded)
            add_faults(farm.faults, fault or ())
            if state is not None:
                serve.load_state(farm, state)
                serve.check_state_file(state)
            asyncio.run(
                serve.serve(
                    farm,
                    host=host,
                    base_port=base_port,
                    framing=protocol.value,
                    announce=lambda endpoints, url: announce(endpoints, farm.dials, url, as_json=as_json),
                    file=file,
                    control=None if control is None else _control(farm, control_host, control, control_token),
                )
            )
            if state is not None:
                serve.save_state(farm, state)
    except (errors.SimulatorError, FixtureError, OSError) as refused:
        refuse(refused)


@app.command(epilog="Example: [bold]prewatt sim endpoints mingde --json > endpoints.json[/]")
def endpoints(
    site: SiteArgument,
    base_port: Annotated[int, typer.Option(min=1, max=65535, help="TCP port of the first bus.")] = BASE_PORT,
    host: HostOption = "127.0.0.1",
    protocol: ProtocolOption = Protocol.RTU,
    as_json: JsonOption = False,
) -> None:
    """List the endpoints of `sim run` with the same options."""
    from prewatt_fixtures.endpoints import Endpoint, endpoints_to_json  # noqa: PLC0415 - quick --help

    checked = _checked_farm(site).site
    keys = [key for key in checked.by_port if key not in checked.dials]
    if base_port + len(keys) - 1 > 65535:
        refuse(f"{len(keys)} buses from port {base_port} upwards pass 65535")
    table = [Endpoint(*key, host, tcp, protocol.value) for tcp, key in enumerate(keys, start=base_port)]
    if as_json:
        typer.echo(endpoints_to_json(table))
    else:
        show_table(
            ("gateway", "port", "host", "tcp", "framing"),
            [(e.gateway, str(e.port), e.host, str(e.tcp), e.framing) for e in table],
        )


@app.command(epilog="Example: [bold]prewatt sim check site.toml[/]")
def check(site: SiteArgument) -> None:
    """Check a site: exit code 0, or 2 with the file, the key and what was expected.

    Fault windows are checked as of their earliest moment, so that a site stays valid when its windows are over.
    """
    checked = _checked_farm(site).site
    buses, meters = len(checked.by_port), len(checked.energy_meters)
    others = len(checked.meters) - meters
    counts = f"{buses} buses, {meters} meters" + (f", {others} other devices" if others else "")
    typer.echo(f"{site}: project {checked.project.code} {checked.project.name}, {counts}: ok")


@app.command(epilog="Example: [bold]prewatt sim generate --meters 10000 > large.toml[/]")
def generate(
    meters: Annotated[int, typer.Option(min=1, help="How many meters.")],
    seed: SeedOption = 1,
) -> None:
    """Print a site file with that many meters: the mix of the site mingde, with invented values."""
    from prewatt_simulator.generate import site_text  # noqa: PLC0415 - quick --help

    try:
        typer.echo(site_text(meters, seed), nl=False)
    except ValueError as wrong:
        refuse(wrong)


@app.command(epilog="Example: [bold]prewatt sim devices --json[/]")
def devices(as_json: JsonOption = False) -> None:
    """List the device models for site files."""
    import json  # noqa: PLC0415 - quick --help

    from prewatt_fixtures.profile import profiles  # noqa: PLC0415 - quick --help

    rows = [
        {
            "model": p.model,
            "title": p.title,
            "short_names": list(p.short_names),
            "kind": p.kind.value,
            "phases": p.phases,
            "prepaid": p.prepaid,
            "registers": len(p.registers),
        }
        for p in profiles().values()
    ]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
    else:
        show_table(
            ("model", "short", "kind", "phases", "prepaid", "registers", "title"),
            [
                (
                    p.model,
                    ", ".join(p.short_names),
                    p.kind.value,
                    str(p.phases or "-"),
                    "yes" if p.prepaid else "no",
                    str(len(p.registers)),
                    p.title,
                )
                for p in profiles().values()
            ],
        )


app.command(epilog=cli_recording.RECORD_EXAMPLES)(cli_recording.record)
app.command(epilog=cli_recording.REPLAY_EXAMPLES)(cli_recording.replay)


def _farm(
    site: str,
    *,
    clock: "Clock | None" = None,
    seed: int = 1,
    wire_timing: bool = False,
    journal: "Journal | None" = None,
) -> "Farm":
    from prewatt_fixtures.errors import FixtureError  # noqa: PLC0415 - quick --help
    from prewatt_fixtures.site import load_site  # noqa: PLC0415 - quick --help
    from prewatt_simulator.farm import Farm  # noqa: PLC0415 - quick --help

    try:
        described = load_site(site)
        return Farm(described, clock=clock, seed=seed, wire_timing=wire_timing, source=site, journal=journal)
    except FixtureError as wrong:
        refuse(wrong)


def _checked_farm(site: str) -> "Farm":
    """The farm that `sim run` would build, at a time before any of the site's fault windows is over."""
    from prewatt_fixtures.clock import FIRST, MOMENT, ManualClock  # noqa: PLC0415 - quick --help
    from prewatt_fixtures.errors import FixtureError  # noqa: PLC0415 - quick --help
    from prewatt_fixtures.site import load_site  # noqa: PLC0415 - quick --help

    try:
        faults = load_site(site).faults
    except FixtureError as wrong:
        refuse(wrong)
    windows = [row[key] for row in faults for key in ("since", "until") if MOMENT.fits(row.get(key))]
    # moments that no clock shows are left to the rule, which refuses them as in `sim run`
    starts: list[datetime] = [max(FIRST, moment - timedelta(seconds=1)) for moment in windows]
    # wire timing is on by default in `sim run`, and a site with second masters needs it
    return _farm(site, clock=ManualClock(min(starts)) if starts else None, wire_timing=True)


def _control(farm: "Farm", host: str, port: int, token: str | None) -> "Control":
    from prewatt_simulator.control.guard import LOOPBACK  # noqa: PLC0415 - only farms with that door pay for it
    from prewatt_simulator.control.serve import controlling  # noqa: PLC0415 - only farms with that door pay for it

    if host not in LOOPBACK and token is None:
        raise typer.BadParameter(
            f"{host} is beyond loopback: set PREWATT_CONTROL_TOKEN or --control-token",
            param_hint="--control-host",
        )
    return partial(controlling, farm, host=host, port=port, token=token)


def _clock(start: str | None, speed: float, *, settable: bool) -> "Clock":
    from prewatt_fixtures.bounds import SettingRefused, shown  # noqa: PLC0415 - quick --help
    from prewatt_fixtures.clock import RealClock, ScaledClock  # noqa: PLC0415 - quick --help

    if start is None and speed == 1 and not settable:
        return RealClock()
    try:
        at = RealClock().now() if start is None else datetime.fromisoformat(start)
    except ValueError:
        raise typer.BadParameter(
            f"an ISO 8601 time with an offset, not {shown(start)}", param_hint="--start"
        ) from None
    try:
        return ScaledClock(at, speed)
    except SettingRefused as wrong:
        raise typer.BadParameter(wrong.expected, param_hint=f"--{wrong.key}") from None
