"""Loads rows of the meter table page by page, by number, as far as the operator scrolls.

A filter of two questions is answered by two runs of pages, merged here without doubles. Loading stops for good after
1,000 rows fetched: a list that long is searched, not read.
"""

from collections import deque
from typing import Any

from prewatt_tui.client import PAGE_SIZE, ProjectApi
from prewatt_tui.filters import Filter
from prewatt_tui.models.meter import Meter

ROWS_AT_MOST = 1000


class _Run:
    """The pages of one question."""

    def __init__(self, api: ProjectApi, question: dict[str, Any]) -> None:
        self._api = api
        self._question = question
        self._cursor: str | None = None
        self.more = True
        self.waiting: deque[Meter] = deque()

    async def fill(self) -> int:
        """Have a row waiting if there is one; returns how many were fetched."""
        if self.waiting or not self.more:
            return 0
        page = await self._api.meters(self._question, self._cursor)
        self._cursor = page.cursor
        self.more = page.cursor is not None
        self.waiting.extend(page.meters)
        return len(page.meters)


class MeterPages:
    """The rows that pass a filter; `over` says that no more will come, `capped` that the limit is the reason."""

    def __init__(self, api: ProjectApi, wanted: Filter) -> None:
        self._wanted = wanted
        self._runs = [_Run(api, question) for question in wanted.questions]
        self._fetched = 0
        self._last: str | None = None

    @property
    def over(self) -> bool:
        nothing_waits = not any(run.waiting for run in self._runs)
        return nothing_waits and (self._spent or not any(run.more for run in self._runs))

    @property
    def capped(self) -> bool:
        return self.over and any(run.more for run in self._runs)

    async def next_rows(self) -> tuple[Meter, ...]:
        """The next page of rows; less than a page, or none, at the end."""
        rows: list[Meter] = []
        while len(rows) < PAGE_SIZE:
            row = await self._next()
            if row is None:
                break
            if self._wanted.passes(row):
                rows.append(row)
        return tuple(rows)

    @property
    def _spent(self) -> bool:
        return self._fetched >= ROWS_AT_MOST

    async def _next(self) -> Meter | None:
        """The waiting row with the lowest number that was not given yet."""
        while True:
            for run in self._runs:
                if not self._spent:
                    self._fetched += await run.fill()
            first = min(
                (run for run in self._runs if run.waiting),
                key=lambda run: run.waiting[0].number,
                default=None,
            )
            if first is None:
                return None
            row = first.waiting.popleft()
            if row.number != self._last:
                self._last = row.number
                return row
