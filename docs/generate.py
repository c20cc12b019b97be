"""Writes the files that are made from code and data, or says which of them are stale.

`python docs/generate.py` writes them; `--check` writes nothing and exits 1 naming each stale one. To add a file,
write a function that returns its text and name it in `GENERATED`.
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path

from prewatt_fixtures.profile import (
    Evidence,
    Profile,
    Register,
    Writing,
    profile_schema,
    profiles,
)
from prewatt_graphql.schema import sdl
from prewatt_simulator.control.app import openapi

ROOT = Path(__file__).parents[1]

EVIDENCE = {
    Evidence.MANUAL: "the maker's manual for this model says so",
    Evidence.TWO_SOURCES: "two or more independent public sources agree",
    Evidence.ONE_SOURCE: "one public source, not a manual",
    Evidence.INFERRED: "follows from a source (order of fields, neighbouring rows) without being stated",
    Evidence.SIBLING: "stated for another model with the same table",
    Evidence.ASSUMED: "nothing public found; ours, in keeping with the family",
}

INTRO = """\
# Devices

<!-- Made from fixtures/prewatt_fixtures/devices/*.toml by docs/generate.py; change those. -->

What prewatt knows of each supported model, where it knows it from, and what it assumes. Addresses are 0-based, as in
the PDU; lengths are in 16-bit registers; numbers are big-endian, high word first, unless the type says otherwise. A register inside a block that has
no row here reads 0; a read that leaves its block gets exception 2.
"""

PROTOCOL = """\
## Assumptions beyond the rows

The sources are silent here. The simulator does the following, the platform relies on as little of it as it can:

- **Exceptions**: 1 for an unknown function, 2 for an address outside the blocks, 3 for a quantity or value that the
  device does not take.
- **Longest read**: 125 registers. Clients plan at most 60.
- **Function 20H, request**: layout from the vendor's commissioning tool. Start 0x0100 is the top-up (amount, new
  purchase count), 0x0200 money control (any of switch, remaining, count, total, base, alarms, prices, overdraft,
  option, number, in one frame, applied whole or not at all), 0x0354 the clock.
- **Function 20H, controllers**: 0x0300 sets time control, with data of the block's own length and order. 0x0400 sets load control, 0x0410 clears its trips. Each field of the block at 0x0480 stands
  behind a byte that enables it, in the block's order, the two bytes of the last word behind one; the fields are ours.
- **Function 20H, forced control**: 0x0500, five registers, for each phase enable, on, state; state 1 opens, as in register
  0x0058.
- **Overload**: the load's power, primary and over all phases, above the threshold (0x0061) or the strictest phase's limit
  for the delay opens the relay; it comes back after the recovery time, as often as trips are allowed.
- **One relay**: the phases of a three-phase meter open and close together; each controller lets the relay be closed only
  when all of its phases do.
- **Function 20H, reply**: the tool expects 15 bytes; their layout is ours: unit, 20H, start, quantity, 6, result (0 done,
  1 wrong purchase count, 2 over the hoarding limit, 3 not enough credit, 4 not opened, 5 out of range), remaining, CRC.
- **Purchase count**: a top-up is taken when its count is the last one plus 1; a repeat of the last one with the same
  amount is answered as done and changes nothing; amount 0 moves the count.
- **Money control off**: the remaining register counts down from zero by primary energy since the base reading, at the
  meter's price; the relay stays closed.
- **Port settings**: a written address, speed or parity holds from the reply on. A device takes addresses 1 to 247 and the
  codes in its table, and refuses others with exception 3. Stop bits change nothing.
- **Months** end by the device's own clock, at midnight before the first day unless the freeze time says otherwise. A clock
  that is set over that moment freezes nothing; one that is set back over it freezes again. Maximum demand begins anew then.
- **Demand** is the mean power of full cycles that follow each other from the device's midnight, 15 minutes long unless the
  cycle's register says otherwise; a maximum bears the end of its first cycle. At the start a device has its maximum of
  the running month, as if its load had always been there.
- **Reverse energy and demand** are 0: loads only consume. Reactive energy is 0.341, apparent demand 1/0.945 of the active.
- **Contacts**: function 02H packs the first input into the lowest bit of the first byte, as the Modbus standard says. A
  water leak closes a normally open contact.
- **Water meter**: floats stand with all four bytes reversed (`float32-dcba`), as in the one public driver; a profile may say
  `float32-abcd` instead. A float has 24 bits: from 16 777.216 m³ upwards its last digit is coarser than a litre.
- **Encryption** of money frames exists in real meters (run mode, bit 5) and is left out.
"""


def devices() -> str:
    """docs/devices.md: every profile as tables."""
    parts = [INTRO, _legend(), _overview(profiles().values()), PROTOCOL]
    parts += [_model(described) for described in profiles().values()]
    return "\n".join(parts)


def device_schema() -> str:
    """The JSON Schema of the profile format."""
    return json.dumps(profile_schema(), indent=2, ensure_ascii=False) + "\n"


def control_api() -> str:
    """The OpenAPI description of the farm's control API."""
    return json.dumps(openapi(), indent=1, ensure_ascii=False) + "\n"


GENERATED: Mapping[str, Callable[[], str]] = {
    "docs/control-api.json": control_api,
    "docs/devices.md": devices,
    "fixtures/prewatt_fixtures/devices-schema.json": device_schema,
    "graphql/schema.graphql": sdl,
}
"""Path below the root to the function that makes the file."""


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return (
        "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
        + "\n"
    )


def _legend() -> str:
    rows = ([evidence.value, meaning] for evidence, meaning in EVIDENCE.items())
    return "## What the evidence words mean\n\n" + _table(["evidence", "meaning"], rows)


def _overview(known: Iterable[Profile]) -> str:
    def count(described: Profile, evidence: Evidence) -> str:
        return str(sum(row.evidence is evidence for row in described.registers))

    head = ["model", "registers described", *(evidence.value for evidence in Evidence)]
    rows = [
        [f"[{p.model}](#{_anchor(p)})", str(len(p.registers)), *(count(p, evidence) for evidence in Evidence)]
        for p in known
    ]
    return "## Models\n\n" + _table(head, rows)


def _anchor(described: Profile) -> str:
    """The id that Markdown viewers give to the model's heading."""
    return "".join(c for c in described.model.lower() if c.isalnum() or c == "-")


def _model(described: Profile) -> str:
    documents = "".join(f"- {document}\n" for document in described.documents)
    blocks = _table(
        ["from", "to", "registers"],
        ([f"0x{b.start:04X}", f"0x{b.end - 1:04X}", str(b.count)] for b in described.blocks),
    )
    return (
        f"## {described.model}\n\n{described.title}.\n\n"
        f"{_table(['fact', 'value', 'evidence'], _facts(described))}\n"
        f"Sources:\n\n{documents}\n"
        f"### Readable blocks of {described.model}\n\n{blocks}\n"
        f"### Registers of {described.model}\n\n{_registers(described, described.registers)}{_freezes(described)}"
    )


def _registers(described: Profile, registers: Iterable[Register]) -> str:
    return _table(
        ["address", "hex", "len", "name", "measurement", "type", "scale", "access", "evidence", "source"],
        (_row(described, row) for row in sorted(registers, key=lambda row: row.address)),
    )


def _freezes(described: Profile) -> str:
    freezes = described.freezes
    if freezes is None:
        return ""
    first, last = freezes.blocks[0], freezes.blocks[-1]
    return (
        f"\n### What {described.model} freezes\n\n"
        f"{freezes.count} registers for each of the last {freezes.months} months: the last one's from 0x{first.start:04X}, "
        f"then 0x{freezes.step:04X} further for each month before, to 0x{last.end - 1:04X}.\n\n"
        f"{_registers(described, freezes.registers)}"
    )


def _facts(described: Profile) -> Iterator[list[str]]:
    yield ["short names", ", ".join(described.short_names), ""]
    yield ["kind", described.kind.value, ""]
    if described.energy_side is not None and described.energy_side_evidence is not None:
        yield ["phases, rates", f"{described.phases}, {described.rates}", ""]
        yield ["side of U, I, P, energy", described.energy_side.value, described.energy_side_evidence.value]
        top = Decimal(described.energy_range - 1).scaleb(-2)
        yield ["energy counters", f"0 again after {top:,} kWh", described.energy_range_evidence.value]
    if described.model_code is not None:
        yield ["model code", str(described.model_code), Evidence.ONE_SOURCE.value]
    limits = f"{described.limits.read_max} taken, {described.limits.read_planned} planned"
    yield ["registers in one read", limits, Evidence.ASSUMED.value]
    yield ["functions", ", ".join(_functions(described)), ""]
    if described.baud_codes:
        codes = ", ".join(f"{code} = {baud}" for baud, code in described.baud_codes.items())
        yield ["baud codes", codes, ""]
    if (inputs := described.discrete_inputs) is not None:
        span = f"0x{inputs.start:04X} to 0x{inputs.start + inputs.count - 1:04X}: {inputs.name} ({inputs.source})"
        yield ["discrete inputs", span, inputs.evidence.value]
    if described.prepayment is not None:
        rule = described.prepayment
        yield ["purchase counter rule", rule.counter_rule.value, rule.counter_rule_evidence.value]
    if described.day_table is not None:
        slots = ", ".join(f"{start} rate {rate}" for start, rate in described.day_table.slots)
        yield ["day table (fixed)", slots, Evidence.ASSUMED.value]


def _functions(described: Profile) -> Iterator[str]:
    if described.discrete_inputs is not None:
        yield "02H"
    yield "03H"
    if described.input_function:
        yield "04H"
    yield from sorted(writing.value for writing in described.written_by)


def _row(described: Profile, row: Register) -> list[str]:
    name = f"{row.name}. {row.note[:1].upper()}{row.note[1:]}." if row.note else row.name
    measurement = f"`{row.measurement.key}`"
    if row.mirror:
        measurement += f", mirror of 0x{described.register(row.measurement).address:04X}"
    access = {
        None: "R",
        Writing.SINGLE: "RW (06H)",
        Writing.MULTIPLE: "RW (10H)",
        Writing.VENDOR: "R, set by 20H",
    }[row.written_by]
    scale = f"{row.scale} {row.unit}".strip() if row.unit or row.scale != 1 else ""
    return [
        str(row.address), f"0x{row.address:04X}", str(row.words), name, measurement, row.type.value, scale, access,
        row.evidence.value, row.source,
    ]  # fmt: skip


def stale(root: Path = ROOT) -> list[str]:
    """Generated files below `root` that are missing or differ from what would be written."""

    def current(path: Path) -> str | None:
        return path.read_text("utf-8") if path.is_file() else None

    return [name for name, make in GENERATED.items() if current(root / name) != make()]


def write(root: Path = ROOT) -> None:
    """Write every generated file below `root`."""
    for name, make in GENERATED.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(make(), "utf-8")


def main(arguments: list[str]) -> int:
    """Exit code of the script."""
    if arguments == ["--check"]:
        for name in (wrong := stale()):
            print(f"{name} is stale: run python docs/generate.py", file=sys.stderr)
        return 1 if wrong else 0
    if arguments:
        print("usage: python docs/generate.py [--check]", file=sys.stderr)
        return 2
    write()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
