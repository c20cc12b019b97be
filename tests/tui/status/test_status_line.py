"""The status line keeps the code, the contact and the counts whole, however narrow the terminal and long the names."""

from hypothesis import given, settings
from hypothesis import strategies as st

from prewatt_tui.models.session import Project
from prewatt_tui.widgets.status_bar import Status, status_line

names = st.text(st.characters(categories=["L", "N", "Zs"]), min_size=1, max_size=60)


@settings(deadline=None)
@given(name=names, operator=names, width=st.integers(60, 200), online=st.sampled_from([None, True, False]))
def test_names_shrink_and_facts_do_not(name: str, operator: str, width: int, online: bool | None) -> None:
    project = Project("001", name, "Asia/Shanghai", "CNY", "CASHIER", 262)
    line = status_line(Status(project, operator, online, 100, 262), width)
    assert line.cell_len <= width
    assert line.plain.startswith(" 001 ")
    assert {None: "API not asked", True: "API online", False: "API OFFLINE"}[online] in line.plain
    assert line.plain.endswith("100/262 meters")


def test_before_the_sign_in_it_says_what_is_missing() -> None:
    assert "no project  not signed in  API not asked" in status_line(Status(), 80).plain
