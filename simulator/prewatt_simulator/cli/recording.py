"""Commands `prewatt sim record` and `prewatt sim replay`: options and output only.

Heavy imports are inside the commands, so that `--help` is quick.
"""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractAsyncContextManager

    from prewatt_fixtures.endpoints import Endpoint

RECORD_EXAMPLES = (
    "Examples: [bold]prewatt sim record site.jsonl --to 192.0.2.10:4001 --listen 4001 --protocol rtu[/] · "
    "[bold]prewatt sim record site.jsonl --endpoints endpoints.json --listen 15001[/]"
)
REPLAY_EXAMPLES = (
    "Examples: [bold]prewatt sim replay site.jsonl[/] · [bold]prewatt sim replay site.jsonl --speed 60 --loop[/] · "
    "[bold]prewatt sim replay site.jsonl --protocol tcp --fault kind=lose-reply,probability=0.1[/]"
)


def record(
    recording: Annotated[
        Path, typer.Argument(metavar="FILE", help="The recording, a new file of JSON lines.")
    ],
    to: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="The real gateway, or serial server.")
    ] = None,
    endpoints: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A whole site instead: a table as `sim endpoints --json` prints."),
    ] = None,
    serial: Annotated[
        Path | None,
        typer.Option(metavar="DEVICE", help="A serial port instead, such as /dev/ttyUSB0; RTU only."),
    ] = None,
    baud: Annotated[int, typer.Option(help="Speed of the serial port.")] = 9600,
    parity: Annotated[str, typer.Option(help="Parity of the serial port: N, E or O.")] = "N",
    listen: Annotated[
        int,
        typer.Option(min=0, max=65535, help="TCP port for clients; a site's follow it. 0 takes free ones."),
    ] = BASE_PORT,
    host: HostOption = "127.0.0.1",
    protocol: ProtocolOption = Protocol.RTU,
    gateway: Annotated[str, typer.Option(help="Gateway number in the recording, six digits.")] = "000001",
    port: Annotated[int, typer.Option(min=1, max=255, help="Gateway port in the recording.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Record the traffic between a client and a real gateway.

    Every byte is passed on at once and unchanged. Runs until Ctrl-C or SIGTERM.
    """
    import asyncio  # noqa: PLC0415 - quick --help

    from prewatt_fixtures.endpoints import Endpoint, read_endpoints  # noqa: PLC0415 - quick --help
    from prewatt_fixtures.errors import FixtureError  # noqa: PLC0415 - quick --help
    from prewatt_simulator.errors import PortTaken, SerialPortError  # noqa: PLC0415 - quick --help
    from prewatt_simulator.recording.serial_port import serial_gateway  # noqa: PLC0415 - quick --help

    if sum(source is not None for source in (to, endpoints, serial)) != 1:
        raise typer.BadParameter("one of --to, --endpoints and --serial is needed", param_hint="--to")
    if parity not in {"N", "E", "O"}:
        raise typer.BadParameter(f"N, E or O is expected, not {parity!r}", param_hint="--parity")
    if not (len(gateway) == 6 and gateway.isdecimal() and gateway.isascii()):
        raise typer.BadParameter(f"six digits are expected, not {gateway!r}", param_hint="--gateway")
    try:
        if serial is not None:
            opened = partial(serial_gateway, serial, gateway, port, baud=baud, parity=parity)
            asyncio.run(_record_serial(recording, opened, host, listen, as_json=as_json))
            return
        if endpoints is not None:
            gateways: Sequence[Endpoint] = read_endpoints(endpoints)
        else:
            gateways = [Endpoint(gateway, port, *_address(to or ""), protocol.value)]
        if len({each.framing for each in gateways}) != 1:
            refuse(f"{endpoints}: one recording has one framing: gateways of one are expected")
        asyncio.run(_record(recording, gateways, host, listen, as_json=as_json))
    except (FixtureError, PortTaken, SerialPortError, OSError) as refused:
        refuse(refused)


def replay(
    recording: Annotated[Path, typer.Argument(metavar="FILE", help="A recording.")],
    base_port: BasePortOption = BASE_PORT,
    host: HostOption = "127.0.0.1",
    protocol: Annotated[
        Protocol | None, typer.Option(help="RTU frames over TCP, or Modbus TCP; as recorded by default.")
    ] = None,
    seed: SeedOption = 1,
    speed: Annotated[float, typer.Option(help="Recorded seconds per second; 0 stays at the start.")] = 1.0,
    loop: Annotated[
        bool, typer.Option("--loop/--hold", help="At the end start again, or keep the last values.")
    ] = False,
    latencies: Annotated[
        bool,
        typer.Option("--latencies/--at-once", help="Answer after each device's median time, or at once."),
    ] = False,
    fault: FaultOption = None,
    journal: JournalOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Serve a recording as a farm, until Ctrl-C or SIGTERM: one line per bus, then `ready`."""
    import asyncio  # noqa: PLC0415 - quick --help
    from contextlib import ExitStack  # noqa: PLC0415 - quick --help

    from prewatt_fixtures.clock import ScaledClock  # noqa: PLC0415 - quick --help
    from prewatt_fixtures.errors import FixtureError  # noqa: PLC0415 - quick --help
    from prewatt_simulator import errors, serve  # noqa: PLC0415 - quick --help
    from prewatt_simulator.journal.file import JournalFile  # noqa: PLC0415 - quick --help
    from prewatt_simulator.recording import Recording, Replay  # noqa: PLC0415 - quick --help

    try:
        recorded = Recording.load(recording)
        framing = recorded.framing if protocol is None else protocol.value
        with ExitStack() as stack:
            file = None if journal is None else stack.enter_context(JournalFile(journal, framing))
            replayed = Replay(
                recorded,
                clock=ScaledClock(recorded.start, speed),
                seed=seed,
                loop=loop,
                latencies=latencies,
                journal=None if file is None else file.journal,
            )
            add_faults(replayed.faults, fault or ())
            asyncio.run(
                serve.serve(
                    replayed,
                    host=host,
                    base_port=base_port,
                    framing=framing,
                    announce=lambda endpoints, _: announce(endpoints, as_json=as_json),
                    file=file,
                )
            )
    except (errors.SimulatorError, FixtureError, OSError) as refused:
        refuse(refused)


async def _record(
    recording: Path, gateways: "Sequence[Endpoint]", host: str, base_port: int, *, as_json: bool
) -> None:
    import asyncio  # noqa: PLC0415 - quick --help
    import json  # noqa: PLC0415 - quick --help

    from prewatt_simulator.recording import record  # noqa: PLC0415 - quick --help
    from prewatt_simulator.serve import stop_requested  # noqa: PLC0415 - quick --help

    stop = stop_requested()
    async with record(recording, gateways, host=host, base_port=base_port) as recorder:
        announce(recorder.endpoints, as_json=as_json)
        ends = [asyncio.ensure_future(each.wait()) for each in (stop, recorder.failed)]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()
    counts = {"exchanges": recorder.exchanges, "stray_bytes": recorder.stray_bytes}
    typer.echo(
        json.dumps(counts)
        if as_json
        else f"{counts['exchanges']} exchanges in {recording}, "
        f"{counts['stray_bytes']} bytes beside them that were part of none"
    )


async def _record_serial(
    recording: Path,
    opened: "Callable[[], AbstractAsyncContextManager[Endpoint]]",
    host: str,
    base_port: int,
    *,
    as_json: bool,
) -> None:
    async with opened() as endpoint:
        await _record(recording, [endpoint], host, base_port, as_json=as_json)


def _address(words: str) -> tuple[str, int]:
    host, _, port = words.rpartition(":")
    if not host or not port.isdecimal() or not 1 <= int(port) <= 65535:
        raise typer.BadParameter(f"HOST:PORT is expected, not {words!r}", param_hint="--to")
    return host.strip("[]"), int(port)
