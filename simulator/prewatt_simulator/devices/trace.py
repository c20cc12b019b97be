"""Loads from a CSV file of meter readings, repeated.

The file has two columns: `time`, local to the place and without an offset, and `kwh` or `m3`, the reading of a counter
at that time. The amount between two rows is drawn evenly; where `kwh` falls, it is fed in. The trace repeats after its
last row and before its first: a trace of a week is drawn every week. Like the other loads it is exact and in closed form.
"""

import csv
import io
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import accumulate, pairwise, takewhile
from pathlib import Path
from typing import Any

from prewatt_fixtures.bounds import shown
from prewatt_fixtures.decimals import scaled
from prewatt_fixtures.errors import SiteError
from prewatt_simulator.devices.load import Load
from prewatt_simulator.devices.solar import solar_load
from prewatt_simulator.units import DAY_MS, HOUR_MS

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - local to the place
_MILLISECOND = timedelta(milliseconds=1)
_PLACES = 6
"""Decimals of a reading: amounts are in millionths."""
_ROWS_MIN = 2
_FILES_MAX = 64
"""Traces cached; a site with more reads files again."""
_SHAPED_MAX = 1024
"""Shaped loads cached."""
_TIME = 'a local time such as "2026-01-05 00:15"'

Reading = tuple[int, int]
"""Local milliseconds since 1970, and millionths of the unit."""


class Trace(Load):
    """A load from at least two readings in order of time, repeated. Where the amount falls, it is fed in."""

    __slots__ = ("_amounts", "_fed", "_first_ms", "_times_ms", "feeds_in", "period_ms")

    def __init__(self, readings: Sequence[Reading]) -> None:
        self._first_ms = readings[0][0]
        self._times_ms = [at_ms - self._first_ms for at_ms, _ in readings]
        steps = [after - before for (_, before), (_, after) in pairwise(readings)]
        self._amounts = [0, *accumulate(max(step, 0) for step in steps)]
        self._fed = [0, *accumulate(max(-step, 0) for step in steps)]
        self.feeds_in = self._fed[-1] > 0
        self.period_ms = self._times_ms[-1]
        self.shape = "trace"
        self.per_day = self._amounts[-1] * DAY_MS // self.period_ms

    def drawn(self, local_ms: int) -> int:
        return self._cumulative(local_ms, self._amounts)

    def fed(self, local_ms: int) -> int:
        return self._cumulative(local_ms, self._fed)

    def _cumulative(self, local_ms: int, amounts: list[int]) -> int:
        row = self._row_at(local_ms)
        periods, place = divmod(row, len(self._times_ms) - 1)
        amount = amounts[place + 1] - amounts[place]
        lasts_ms = self._times_ms[place + 1] - self._times_ms[place]
        before = periods * amounts[-1] + amounts[place]
        return before + amount * (local_ms - self._begins_ms(row)) // lasts_ms

    def reaches_ms(self, drawn: int) -> int | None:
        total = self._amounts[-1]
        if not total:
            return None
        periods, rest = divmod(drawn - 1, total)
        place = bisect_left(self._amounts, rest + 1) - 1
        row = periods * (len(self._times_ms) - 1) + place
        amount, lasts_ms = self._row_amount(row)
        return self._begins_ms(row) - (-(rest + 1 - self._amounts[place]) * lasts_ms // amount)

    def interval_over(self, power_w: int, local_ms: int) -> tuple[int, int] | None:
        """As `Load.interval_over`; the rows looked at are bounded by a day and by one repetition."""
        running, rows = self._row_at(local_ms), len(self._times_ms) - 1
        lately_ms, soon_ms = local_ms - DAY_MS, local_ms + DAY_MS
        ahead = takewhile(lambda row: self._begins_ms(row) < soon_ms, range(running, running + rows))
        first = next((row for row in ahead if self._is_over(power_w, row)), None)
        if first is None:
            return None
        following = takewhile(lambda row: self._begins_ms(row) < soon_ms, range(first + 1, first + rows))
        end = next((row for row in following if not self._is_over(power_w, row)), None)
        if first == running:
            earlier = takewhile(
                lambda row: self._begins_ms(row) > lately_ms, range(running, running - rows, -1)
            )
            first = next((row for row in earlier if not self._is_over(power_w, row - 1)), None)
        return (
            lately_ms if first is None else self._begins_ms(first),
            soon_ms if end is None else self._begins_ms(end),
        )

    def per_hour(self, local_ms: int) -> float:
        row = self._row_at(local_ms)
        amount, lasts_ms = self._row_amount(row)
        place = row % (len(self._times_ms) - 1)
        return (amount - self._fed[place + 1] + self._fed[place]) * HOUR_MS / lasts_ms / 1000

    def _row_at(self, local_ms: int) -> int:
        """Number of the row at a moment, counted through all repetitions; negative before the first row."""
        periods, rest_ms = divmod(local_ms - self._first_ms, self.period_ms)
        return periods * (len(self._times_ms) - 1) + bisect_right(self._times_ms, rest_ms) - 1

    def _begins_ms(self, row: int) -> int:
        periods, place = divmod(row, len(self._times_ms) - 1)
        return self._first_ms + periods * self.period_ms + self._times_ms[place]

    def _row_amount(self, row: int) -> tuple[int, int]:
        """Amount drawn from a row to the next, and the milliseconds between them."""
        place = row % (len(self._times_ms) - 1)
        amount = self._amounts[place + 1] - self._amounts[place]
        return amount, self._times_ms[place + 1] - self._times_ms[place]

    def _is_over(self, power_w: int, row: int) -> bool:
        amount, lasts_ms = self._row_amount(row)
        return amount * HOUR_MS > power_w * 1000 * lasts_ms


def load_of(shape: str, per_day: int, file: str | None, unit: str, *, solar_per_day: int = 0) -> Load:
    """The load of `per_day` millionths in a shape, or of a trace file with the column `kwh` or `m3`.

    `solar_per_day` millionths are generated behind the same meter; with shape `solar`, `per_day` is the generation.
    Raises `SiteError`, `LoadError`.
    """
    if file is not None:
        return read_trace(file, unit)
    if shape == "solar":
        return solar_load(shape, 0, per_day)
    return solar_load(shape, per_day, solar_per_day) if solar_per_day else _shaped(shape, per_day)


_shaped = lru_cache(_SHAPED_MAX)(Load)
"""Cached: meters with equal loads share one object."""


def read_trace(path: str, unit: str) -> Trace:
    """The trace in a file with the column `kwh` or `m3`. Raises `SiteError`, which names file, line and expectation."""
    # The time of change is part of the cache's key, so that a changed file is read again.
    try:
        changed_ns = Path(path).stat().st_mtime_ns
    except OSError as wrong:
        raise SiteError(path, "file", f"a CSV file of readings is expected ({wrong.strerror})") from wrong
    return _read(path, unit, changed_ns)


@lru_cache(_FILES_MAX)
def _read(path: str, unit: str, _changed_ns: int) -> Trace:
    """Cached: meters with the same trace share one object."""
    try:
        text = Path(path).read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as wrong:
        raise SiteError(path, "file", f"a CSV file in UTF-8 is expected ({wrong})") from wrong
    return Trace(list(_readings(text, path, unit)))


def _readings(text: str, path: str, unit: str) -> Iterator[Reading]:
    rows = csv.reader(io.StringIO(text))
    if (head := next(_csv_rows(rows, path), [])) != ["time", unit]:
        found = shown(",".join(head)) if head else "nothing"
        raise SiteError(path, "line 1", f"the columns time,{unit} are expected, not {found}")
    before: Reading | None = None
    count = 0
    for row in _csv_rows(rows, path):
        try:
            reading = _reading(row, before, falls=unit == "kwh")
        except ValueError as wrong:
            raise SiteError(path, f"line {rows.line_num}", str(wrong)) from wrong
        yield reading
        before, count = reading, count + 1
    if count < _ROWS_MIN:
        raise SiteError(path, f"line {rows.line_num + 1}", "at least two readings are expected")


def _csv_rows(rows: Any, path: str) -> Iterator[list[str]]:
    try:
        yield from rows
    except csv.Error as wrong:
        # such as a field of more than 128 KiB
        raise SiteError(
            path, f"line {rows.line_num}", f"a time and a reading are expected: {wrong}"
        ) from wrong


def _reading(row: list[str], before: Reading | None, *, falls: bool) -> Reading:
    if len(row) != 2:
        raise ValueError(f"a time and a reading are expected, not {len(row)} columns")
    at_ms, amount = _time(row[0]), _amount(row[1])
    if before is not None and at_ms <= before[0]:
        raise ValueError(f"times rise from line to line: {row[0]!r} is not after the one before")
    if before is not None and amount < before[1] and not falls:
        raise ValueError(f"readings never fall: {row[1]!r} is less than the one before")
    return at_ms, amount


def _time(text: str) -> int:
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{_TIME} is expected, not {text!r}") from None
    if at.tzinfo is not None:
        raise ValueError(f"{_TIME} is expected, without the offset of {text!r}")
    return (at - _EPOCH) // _MILLISECOND


def _amount(text: str) -> int:
    amount = scaled(text.strip(), _PLACES)
    if amount < 0:
        raise ValueError(f'a reading such as "120.50" is expected, not {text[:60]!r}')
    return amount
