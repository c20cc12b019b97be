"""Message PDUs: examples encoded by hand, and any text against the tests' own encoder."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prewatt_simulator.modem import alphabet, userdata
from prewatt_simulator.modem.errors import BadNumber, PduError
from prewatt_simulator.modem.fields import Octets, encode_address, take_address
from prewatt_simulator.modem.pdu import decode_submit
from prewatt_simulator.modem.userdata import Alphabet, Part, alphabet_of

NUMBER = "+8613800138000"
TO_NUMBER = "0D91683108108300F0"


def read(pdu: str, length: int | None = None) -> Any:
    octets = bytes.fromhex(pdu)
    return decode_submit(octets, len(octets) - 1 - octets[0] if length is None else length)


def text_of(content: userdata.UserData) -> str:
    return userdata.text_of(content.alphabet, content.units)


@pytest.mark.parametrize(
    ("pdu", "number", "text"),
    [
        # built by hand: type, reference, address, protocol, coding, (validity,) length, text
        (f"00 01 00 {TO_NUMBER} 00 00 05 E8329BFD06", NUMBER, "hello"),
        (f"00 11 00 {TO_NUMBER} 00 00 AA 05 E8329BFD06", NUMBER, "hello"),
        (f"00 09 00 {TO_NUMBER} 00 00 62105080000023 05 E8329BFD06", NUMBER, "hello"),
        (f"00 19 00 {TO_NUMBER} 00 00 62105080000023 05 E8329BFD06", NUMBER, "hello"),
        ("00 01 00 05 81 0180F6 00 00 05 E8329BFD06", "10086", "hello"),
        (f"00 01 00 {TO_NUMBER} 00 00 02 9B32", NUMBER, "€"),
        (f"00 01 00 {TO_NUMBER} 00 08 08 4F59989D4E0D8DB3", NUMBER, "余额不足"),
        (f"00 01 00 {TO_NUMBER} 00 08 04 D83DDCA1", NUMBER, "💡"),
        (f"00 01 00 {TO_NUMBER} 00 04 03 0A0BFF", NUMBER, "0A0BFF"),
        (f"00 01 00 {TO_NUMBER} 00 00 00", NUMBER, ""),
        # a worked example for AT+CMGS in a phone maker's manual
        (
            "07915358807701 01 11 00 0C 91 535850828242 00 00 A7 11 54747A0E4ACF41F4F29C9E769F4121",
            "+358505282824",
            "This is testing !",
        ),
    ],
)
def test_a_message_is_decoded(pdu: str, number: str, text: str) -> None:
    submit = read(pdu)
    assert (submit.number, text_of(submit.content), submit.report_asked) == (number, text, False)


def test_service_centre_and_report_request_are_decoded() -> None:
    submit = read(f"0891683108100005F0 21 00 {TO_NUMBER} 00 00 05 E8329BFD06")
    assert (submit.service_centre, submit.report_asked) == ("+8613800100500", True)


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("050003 2A 03 02", Part(0x2A, 3, 2)),
        ("060804 012A 03 02", Part(0x12A, 3, 2)),
        ("080401FF 0003 2A 03 02", Part(0x2A, 3, 2)),  # behind an element of another kind
        ("0700032A0302 0405", None),  # an element that is longer than the header
        ("0600032A0302 04", None),
        ("050003 2A 03 04", None),  # part 4 of 3
        ("050003 2A 03 00", None),
        ("050003 2A 00 00", None),
    ],
)
def test_an_invalid_header_is_ignored(header: str, part: Part | None) -> None:
    octets = bytes.fromhex(header) + "好".encode("utf-16-be")
    content = read(f"00 41 00 {TO_NUMBER} 00 08 {len(octets):02X} {octets.hex()}").content
    assert content.part == part


@pytest.mark.parametrize(
    ("coding", "found"),
    [
        (0x00, Alphabet.GSM7),
        (0x10, Alphabet.GSM7),
        (0x04, Alphabet.OCTETS),
        (0x08, Alphabet.UCS2),
        (0x18, Alphabet.UCS2),
        (0x0C, Alphabet.GSM7),
        (0x20, Alphabet.OCTETS),
        (0x48, Alphabet.UCS2),
        (0x80, Alphabet.GSM7),
        (0xC8, Alphabet.GSM7),
        (0xD0, Alphabet.GSM7),
        (0xE0, Alphabet.UCS2),
        (0xF0, Alphabet.GSM7),
        (0xF5, Alphabet.OCTETS),
    ],
)
def test_the_coding_scheme_gives_the_alphabet(coding: int, found: Alphabet) -> None:
    assert alphabet_of(coding) is found


@pytest.mark.parametrize(
    "pdu",
    [
        "00",
        "00 01",
        "08 91",
        "01 91 01",
        f"00 00 00 {TO_NUMBER} 00 00 05 E8329BFD06",  # SMS-DELIVER
        f"00 01 00 {TO_NUMBER} 00 00 06 E8329BFD06",
        f"00 01 00 {TO_NUMBER} 00 00 05 E8329BFD0600",
        f"00 01 00 {TO_NUMBER} 00 08 09 4F59989D4E0D8DB3",
        "00 01 00 00 91 00 00 05 E8329BFD06",
        "00 01 00 05 D0 E8329B 00 00 05 E8329BFD06",  # a name in letters
        "00 01 00 05 81 01F0F6 00 00 05 E8329BFD06",
        f"00 41 00 {TO_NUMBER} 00 00 00",
        f"00 41 00 {TO_NUMBER} 00 00 05 E8329BFD06",
        f"00 41 00 {TO_NUMBER} 00 00 01 00",
        f"00 01 00 {TO_NUMBER} 00 04 8D {'00' * 141}",
    ],
)
def test_an_invalid_message_is_refused(pdu: str) -> None:
    with pytest.raises(PduError):
        read(pdu)


def test_a_wrong_length_is_refused() -> None:
    with pytest.raises(PduError, match="19 octets, not the 18"):
        read(f"00 01 00 {TO_NUMBER} 00 00 05 E8329BFD06", length=18)


@settings(deadline=None)
@given(data=st.data(), report=st.booleans(), number=st.from_regex(r"\+?[0-9]{1,20}", fullmatch=True))
def test_any_gsm_7_text_round_trips(
    submit: Any, gsm_signs: list[str], data: st.DataObject, report: bool, number: str
) -> None:
    text = data.draw(st.text(st.sampled_from(gsm_signs), max_size=75))
    part = data.draw(st.none() | st.tuples(st.integers(0, 255), st.just(9), st.integers(1, 9)))
    wide = data.draw(st.booleans())
    length, pdu = submit(number, text, report=report, part=part, wide=wide)
    found = read(pdu, length)
    assert (found.number, text_of(found.content), found.report_asked) == (number, text, report)
    assert found.content.part == part


@settings(deadline=None)
@given(text=st.text(max_size=66), number=st.from_regex(r"\+?[0-9]{1,20}", fullmatch=True))
def test_any_text_round_trips_in_ucs2(submit: Any, text: str, number: str) -> None:
    text = text.encode("utf-16-be", errors="ignore")[:134].decode("utf-16-be", errors="ignore")
    length, pdu = submit(number, text, ucs2=True, part=(7, 2, 1))
    found = read(pdu, length)
    assert (found.number, text_of(found.content)) == (number, text)


@settings(deadline=None)
@given(text=st.text(max_size=1000))
def test_a_split_text_joins_again_and_every_part_fits(text: str) -> None:
    text = text.encode("utf-16-be", errors="ignore").decode("utf-16-be")
    parts = userdata.split(text, 5)
    for content in parts:
        length, octets = userdata.encode(content)
        assert len(octets) <= 140
        coding = 8 if content.alphabet is Alphabet.UCS2 else 0
        has_header = content.part is not None
        assert userdata.decode(coding, length, octets, has_header=has_header) == content
    assert "".join(text_of(content) for content in parts) == text


@pytest.mark.parametrize("text", ["a" * 152 + "€" * 10, "好" * 66 + "💡" * 10])
def test_no_part_divides_a_character(text: str) -> None:
    parts = userdata.split(text, 5)
    assert len(parts) == 2
    assert "".join(text_of(content) for content in parts) == text


@settings(deadline=None)
@given(st.lists(st.integers(0, 127)).map(bytes), st.integers(0, 8))
def test_packing_is_undone_by_unpacking(septets: bytes, skip: int) -> None:
    assert alphabet.unpack(alphabet.pack(septets, skip), len(septets), skip) == septets


def test_an_escape_before_an_unused_code_shows_the_basic_character() -> None:
    assert alphabet.decode(bytes((0x1B, 0x41, 0x1B, 0x1B, 0x42, 0x1B))) == "A B"


@settings(deadline=None)
@given(st.from_regex(r"\+?[0-9*#]{1,20}", fullmatch=True))
def test_a_number_round_trips(number: str) -> None:
    assert take_address(Octets(encode_address(number))) == number


@pytest.mark.parametrize("number", ["", "+", "12a", "٣", "1" * 21, "+86 138"])
def test_an_invalid_number_is_refused(number: str) -> None:
    with pytest.raises(BadNumber):
        encode_address(number)
