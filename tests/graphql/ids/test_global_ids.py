"""Opaque ids round-trip; any other text is refused."""

from typing import get_args
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from prewatt_graphql.ids import GlobalId, Kind, decode, global_id, local_key

KINDS = st.sampled_from(get_args(Kind))
CODES = st.text("0123456789", min_size=3, max_size=3)


@given(KINDS, CODES, st.uuids())
def test_round_trip(kind: Kind, project: str, key: UUID) -> None:
    opaque = global_id(kind, project, key)
    assert decode(opaque) == GlobalId(kind, project, str(key))
    assert local_key(opaque, kind, project) == key


@given(KINDS, CODES, CODES, st.uuids())
def test_no_key_for_another_project_or_kind(kind: Kind, project: str, other: str, key: UUID) -> None:
    opaque = global_id(kind, project, key)
    assert (local_key(opaque, kind, other) is None) == (project != other)
    assert local_key(opaque, "Meter" if kind != "Meter" else "Sale", project) is None


@given(st.text() | st.binary().map(lambda raw: raw.decode("latin1")))
def test_any_other_text_is_no_id(text: str) -> None:
    found = decode(text)
    assert found is None or found.encode() == text
