"""Read plans: few large frames, computed once per model from its profile.

Every register that is wanted lies in one frame, never across two, and one frame is one instant of the meter. Where a
value has mirrors, the copy is taken that lets whole blocks be left out, unless its evidence is weaker. A gap between wanted registers is read through
when that is cheaper than another frame. What the values mean together is `decode`'s.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from prewatt_fixtures.measurements import Measurement
from prewatt_fixtures.profile import Block, Evidence, Profile, Register
from prewatt_fixtures.profile import profile as profile_of
from prewatt_fixtures.registers import Value

GAP_WORDS_MAX = 24
"""Another frame costs 13 bytes, two silences and 20 to 80 ms of turnaround (assumed): about 24 registers at 9600 baud."""

ENERGY_BY_RATE = (
    Measurement.ENERGY_SHARP,
    Measurement.ENERGY_PEAK,
    Measurement.ENERGY_FLAT,
    Measurement.ENERGY_VALLEY,
    Measurement.ENERGY_DEEP_VALLEY,
)
VOLTAGES = (Measurement.VOLTAGE_A, Measurement.VOLTAGE_B, Measurement.VOLTAGE_C)
CURRENTS = (Measurement.CURRENT_A, Measurement.CURRENT_B, Measurement.CURRENT_C)
PRICES = (Measurement.PRICE_SHARP, Measurement.PRICE_PEAK, Measurement.PRICE_FLAT, Measurement.PRICE_VALLEY)

_BILLING = (Measurement.CLOCK, Measurement.ENERGY_TOTAL, Measurement.POWER_TOTAL)
_EVIDENCE = (
    Measurement.PURCHASE_COUNT,
    Measurement.TOTAL_PURCHASED,
    Measurement.REMAINING,
    Measurement.MONEY_CONTROL,
)
_FRESHNESS = (Measurement.CLOCK, Measurement.ENERGY_TOTAL)
"""Tell a new register picture from a repeated one."""
_CREDIT = (
    *_EVIDENCE,
    *PRICES,
    Measurement.ALARM_1,
    Measurement.ALARM_2,
    Measurement.OVERDRAFT,
    Measurement.HOARDING_LIMIT,
    Measurement.BASE_ENERGY,
    Measurement.STATUS_WORD_1,
)
_SETTINGS = (Measurement.OVERLOAD_THRESHOLD,)
_WEAK = {Evidence.INFERRED, Evidence.SIBLING, Evidence.ASSUMED}
_WELCOME = (Measurement.POWER_FACTOR_TOTAL, Measurement.FREQUENCY)
_REVERSE = (Measurement.ENERGY_REVERSE,)


@dataclass(frozen=True, slots=True)
class Frame:
    """One read request."""

    start: int
    count: int

    @property
    def end(self) -> int:
        """The address behind the last register."""
        return self.start + self.count

    def holds(self, row: Register) -> bool:
        """Whether the whole register lies in the frame."""
        return self.start <= row.address and row.end <= self.end


@dataclass(frozen=True)
class Plan:
    """Frames to read, and the registers that they bring."""

    frames: tuple[Frame, ...]
    rows: tuple[Register, ...]
    copies: tuple[Register, ...]
    """Every copy of the purchase count in the frames: in a sound reading they agree."""

    def decode(self, data: Sequence[bytes]) -> Mapping[Measurement, Value]:
        """The values in the frames' register bytes."""
        return {row.measurement: self._value(row, data) for row in self.rows}

    def purchase_counts(self, data: Sequence[bytes]) -> frozenset[Value]:
        """Values of the copies of the purchase count; more than one means that the frames contradict each other."""
        return frozenset(self._value(row, data) for row in self.copies)

    def widened(self, words: int, described: Profile) -> "Plan":
        """The plan with `words` more registers in each frame, as far as the meter's blocks and limits allow."""
        frames = tuple(_widened(frame, words, described) for frame in self.frames)
        return replace(self, frames=frames)

    def _value(self, row: Register, data: Sequence[bytes]) -> Value:
        frame, held = next(pair for pair in zip(self.frames, data, strict=True) if pair[0].holds(row))
        at = 2 * (row.address - frame.start)
        return row.decode(held[at : at + 2 * row.words])


@cache
def reading_plan(model: str) -> Plan:
    """Plan of a billing read. Raises `UnknownName` for a model without a profile."""
    described = profile_of(model)
    wanted = _BILLING + _REVERSE + ENERGY_BY_RATE[: described.rates]
    wanted += VOLTAGES[: described.phases] + CURRENTS[: described.phases]
    trusted = [row for row in described.registers if _trusted(row, described)]
    plan = make_plan(described, trusted, wanted + _CREDIT if described.prepaid else wanted, _WELCOME)
    return _with_settings(plan, described)


@cache
def evidence_plan(model: str) -> Plan:
    """What decides about a money order on that model: the main registers, and the counter's copy beside the total."""
    described = profile_of(model)
    return make_plan(described, [row for row in described.registers if not row.mirror], _EVIDENCE, _FRESHNESS)


@cache
def freshness_plan(model: str) -> Plan:
    """Plan of a freshness check: clock and energy."""
    described = profile_of(model)
    return make_plan(described, [row for row in described.registers if not row.mirror], _FRESHNESS)


@cache
def probe_block(model: str) -> Block:
    """Where the master may read anything at all: the model's longest readable block."""
    return max(profile_of(model).blocks, key=lambda block: block.count)


def _with_settings(plan: Plan, described: Profile) -> Plan:
    """The plan with settings that stand alone, each in a frame of its own.

    They are no part of `make_plan`'s choice of blocks: the old parameter block around them mirrors nearly
    everything, on assumed addresses.
    """
    rows = [described.register(setting) for setting in _SETTINGS if described.has(setting)]
    frames = tuple(Frame(row.address, row.words) for row in rows)
    # first, because they are short: should another master's answer be taken for one of theirs, the true one arrives
    # while the long frames are read, and the driver sees it
    return Plan(frames + plan.frames, (*rows, *plan.rows), plan.copies)


def make_plan(
    described: Profile,
    usable: Sequence[Register],
    wanted: Iterable[Measurement],
    welcome: Iterable[Measurement] = (),
) -> Plan:
    """A plan from `usable` rows for those of the `wanted` measurements that the profile has.

    `welcome` ones come along where that takes no further block.
    """
    needed = {measurement for measurement in wanted if described.has(measurement)}
    blocks = _blocks(described, usable, needed)
    offered = [
        row for block in blocks for row in _within(block, usable) if row.measurement in needed.union(welcome)
    ]
    # of a value that two blocks bring, the later entry wins below: the main register over its mirror
    mains_last = sorted(offered, key=lambda row: not row.mirror)
    rows = sorted({row.measurement: row for row in mains_last}.values(), key=lambda row: row.address)
    frames = tuple(frame for block in described.blocks for frame in _frames(_within(block, rows), described))
    counts = described.rows_of(Measurement.PURCHASE_COUNT)
    copies = [row for row in counts if any(frame.holds(row) for frame in frames)]
    return Plan(frames, tuple(rows), tuple(copies))


def _trusted(row: Register, described: Profile) -> bool:
    """A mirror stands in for its main register only where it rests on as firm ground."""
    return row.evidence not in _WEAK or described.register(row.measurement).evidence in _WEAK


def _blocks(described: Profile, usable: Sequence[Register], needed: set[Measurement]) -> list[Block]:
    """The blocks that bring all that is needed.

    Those whose part mirrors in the others can play are left out, the poorest in main registers first.
    """
    offers = {
        block: [row for row in _within(block, usable) if row.measurement in needed]
        for block in described.blocks
    }
    # a block of mirrors alone is the likeliest to be spared, so it is tried first
    kept = sorted(described.blocks, key=lambda block: sum(not row.mirror for row in offers[block]))
    for block in tuple(kept):
        others = [row.measurement for other in kept if other != block for row in offers[other]]
        if needed <= set(others):
            kept.remove(block)
    return kept


def _widened(frame: Frame, words: int, described: Profile) -> Frame:
    """Longer at the end where the block goes on, else at the start; as it is where neither is possible."""
    block = next(each for each in described.blocks if each.start <= frame.start and frame.end <= each.end)
    count = min(frame.count + words, block.count, described.limits.read_planned)
    return Frame(min(frame.start, block.end - count), count)


def _within(block: Block, rows: Iterable[Register]) -> list[Register]:
    return [row for row in rows if block.start <= row.address and row.end <= block.end]


def _frames(rows: Sequence[Register], described: Profile) -> list[Frame]:
    """The fewest frames for the rows of one block, in order."""
    frames: list[Frame] = []
    for row in rows:
        last = frames[-1] if frames else None
        if (
            last is not None
            # reading through a gap is cheaper than another frame, as long as the meter answers that many registers at once
            and row.address - last.end <= GAP_WORDS_MAX
            and row.end - last.start <= described.limits.read_planned
        ):
            frames[-1] = Frame(last.start, row.end - last.start)
        else:
            frames.append(Frame(row.address, row.words))
    return frames
