"""The filter line: what goes to the platform, what is sorted out here, and what is refused by name."""

from collections.abc import Callable

import pytest

from prewatt_tui.errors import BadInput
from prewatt_tui.filters import read_filter
from prewatt_tui.models.meter import Meter

MakeMeter = Callable[..., Meter]


@pytest.mark.parametrize(
    ("line", "question"),
    [
        ("", {}),
        ("relay:open", {"relay": "OPEN"}),
        ("state:arrears", {"standing": "ARREARS"}),
        ("state:alarm1", {"standing": "ALARM_1"}),
        ("state:Alarm-2", {"standing": "ALARM_2"}),
        ("lost:yes", {"lost": True}),
        ("lost:no", {"lost": False}),
        ("account:opening", {"accountState": "OPENING"}),
        ("area:留学生公寓/1层", {"area": ["留学生公寓", "1层"]}),
        ("relay:open lost:no", {"relay": "OPEN", "lost": False}),
        ("relay：open", {"relay": "OPEN"}),
        ("公寓", {"place": "公寓"}),
    ],
)
def test_the_platform_gets_every_term_that_its_filter_can_say(line: str, question: dict[str, object]) -> None:
    assert read_filter(line).questions == (question,)


def test_a_text_that_could_be_a_number_is_asked_for_in_numbers_and_in_places() -> None:
    assert read_filter("lost:no 31a").questions == (
        {"lost": False, "number": "31A"},
        {"lost": False, "place": "31a"},
    )


def test_the_longest_text_is_asked_for_and_the_others_are_sorted_out_here(make_meter: MakeMeter) -> None:
    wanted = read_filter("公寓 留学生公寓 101")
    assert wanted.questions == ({"place": "留学生公寓"},)
    assert wanted.passes(make_meter())
    assert not wanted.passes(make_meter(number="0010310202", place="留学生公寓202"))


def test_text_is_found_in_the_number_or_the_place(make_meter: MakeMeter) -> None:
    assert read_filter("0101").passes(make_meter(place="食堂"))
    assert read_filter("101").passes(make_meter(number="0010310202"))
    assert not read_filter("999").passes(make_meter())


@pytest.mark.parametrize(
    "term", ["relay:closed", "state:opened", "lost:no", "area:留学生公寓", "公寓", "0101"]
)
def test_an_exclamation_mark_turns_a_term_round(make_meter: MakeMeter, term: str) -> None:
    inverted = read_filter(f"!{term}")
    assert inverted.questions == ({},)
    assert not inverted.passes(make_meter())


def test_a_second_term_of_one_kind_still_holds(make_meter: MakeMeter) -> None:
    wanted = read_filter("relay:open relay:closed")
    assert wanted.questions == ({"relay": "OPEN"},)
    assert not wanted.passes(make_meter(relay="OPEN"))


def test_an_area_is_a_whole_part_of_the_path(make_meter: MakeMeter) -> None:
    meter = make_meter(area=["A栋", "1层", "101"])
    assert not read_filter("!area:A栋/1层").passes(meter)
    assert read_filter("!area:A栋/2层").passes(meter)
    assert read_filter("!area:1层").passes(meter)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("relai:open", "relai: is not a filter; there are relay:, state:, lost:, account:, area:"),
        ("relay:ajar", "relay: takes closed, open, unknown"),
        ("state:broke", "state: takes opened, alarm1, alarm2, arrears, unopened, postpaid, lost"),
        ("lost:maybe", "lost: takes yes, no"),
        ("area:", "area: takes a path"),
        ("!", "turns round the term"),
    ],
)
def test_what_is_no_filter_is_refused_and_the_known_ones_are_named(line: str, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        read_filter(line)
