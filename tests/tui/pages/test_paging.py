"""Pages are loaded on demand, in the order of numbers, each meter once, and never past the limit."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prewatt_tui.client import PAGE_SIZE
from prewatt_tui.filters import Filter
from prewatt_tui.models.meter import Meter, Page
from prewatt_tui.pages import ROWS_AT_MOST, MeterPages

pytestmark = pytest.mark.anyio


class Listing:
    """Meters in order of their numbers, given in pages as the platform gives them."""

    def __init__(self, meters: list[Meter]) -> None:
        self.meters_by_number = meters
        self.pages_given = 0

    async def meters(self, filter: dict[str, Any], after: str | None) -> Page:  # noqa: A002 - the API's own word
        self.pages_given += 1
        rows = [
            meter
            for meter in self.meters_by_number
            if filter.get("number", "") in meter.number
            and filter.get("place", "") in meter.place
            and (after is None or meter.number > after)
        ]
        given_now = tuple(rows[:PAGE_SIZE])
        return Page(given_now, given_now[-1].number if len(rows) > PAGE_SIZE else None)


async def everything(pages: MeterPages) -> list[Meter]:
    rows: list[Meter] = []
    while not pages.over:
        rows.extend(await pages.next_rows())
    return rows


@settings(deadline=None)
@given(
    numbers=st.sets(st.integers(0, 9999), max_size=250),
    text=st.sampled_from(["1", "12", "123"]),
)
async def test_two_questions_give_every_meter_that_passes_once_and_in_order(
    make_meter: Callable[..., Meter], numbers: set[int], text: str
) -> None:
    meters = [make_meter(number=f"{n:010d}", place=f"商铺{n * 7}") for n in sorted(numbers)]
    wanted = Filter(({"number": text}, {"place": text}), lambda _: True)
    rows = await everything(MeterPages(Listing(meters), wanted))  # type: ignore[arg-type] # lists meters only
    assert rows == [meter for meter in meters if text in meter.number or text in meter.place]


async def test_only_the_pages_that_are_looked_at_are_asked_for(make_meter: Callable[..., Meter]) -> None:
    listing = Listing([make_meter(number=f"{n:010d}") for n in range(3 * PAGE_SIZE)])
    pages = MeterPages(listing, Filter(({},), lambda _: True))  # type: ignore[arg-type] # lists meters only
    assert len(await pages.next_rows()) == PAGE_SIZE
    assert listing.pages_given == 1
    assert not pages.over


async def test_loading_stops_at_the_limit_and_says_so(make_meter: Callable[..., Meter]) -> None:
    listing = Listing([make_meter(number=f"{n:010d}") for n in range(ROWS_AT_MOST + 1)])
    pages = MeterPages(listing, Filter(({},), lambda _: True))  # type: ignore[arg-type] # lists meters only
    assert len(await everything(pages)) == ROWS_AT_MOST
    assert pages.capped


async def test_a_filter_that_nothing_passes_does_not_load_the_whole_project(
    make_meter: Callable[..., Meter],
) -> None:
    listing = Listing([make_meter(number=f"{n:010d}") for n in range(2 * ROWS_AT_MOST)])
    pages = MeterPages(listing, Filter(({},), lambda _: False))  # type: ignore[arg-type] # lists meters only
    assert await everything(pages) == []
    assert listing.pages_given == ROWS_AT_MOST // PAGE_SIZE


async def test_exactly_the_limit_is_not_called_stopped(make_meter: Callable[..., Meter]) -> None:
    listing = Listing([make_meter(number=f"{n:010d}") for n in range(ROWS_AT_MOST)])
    pages = MeterPages(listing, Filter(({},), lambda _: True))  # type: ignore[arg-type] # lists meters only
    assert len(await everything(pages)) == ROWS_AT_MOST
    assert not pages.capped
