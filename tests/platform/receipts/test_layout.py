"""Text and PDF of a receipt: columns, breaks, glyphs, the reprint's mark. Needs no database."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pypdfium2  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prewatt_platform.accounts.models import Order
from prewatt_platform.control.models import CommandKind, CommandState
from prewatt_platform.projects.models import Project
from prewatt_platform.receipts import glyphs
from prewatt_platform.receipts.content import Receipt, Sheet, printable, sheet
from prewatt_platform.receipts.models import Language
from prewatt_platform.receipts.pdf import pdf
from prewatt_platform.receipts.plain_text import columns, plain_text

NOON = datetime(2026, 1, 5, 4, tzinfo=UTC)


def receipt(state: CommandState = CommandState.APPLIED, **order: Any) -> Receipt:
    made = Order(
        **{
            "project_id": 1,
            "command_id": UUID(int=7),
            "kind": CommandKind.SALE,
            "receipt_number": "00100000001",
            "account_id": UUID(int=1),
            "point_id": UUID(int=2),
            "meter_id": UUID(int=3),
            "epoch": 1,
            "amount_fen": 5000,
            "fee_fen": 85,
            "created_at": NOON,
            "planned_count": 7,
            "total_before_fen": 30000,
            "meter_number": "0010010201",
            "place": "101 超市",
            "customer_name": "张三",
            "operator_name": "li",
            "prices_e4": [10000],
            "multiplier": 20,
            **order,
        }
    )
    project = Project(
        id=1, code="001", name="明德花园", timezone="Asia/Shanghai", currency="CNY", created_at=NOON
    )
    return Receipt(project, made, state, NOON.astimezone(ZoneInfo("Asia/Shanghai")))


def copy(number: int = 1, language: Language = Language.CHINESE, **order: Any) -> Sheet:
    return sheet(receipt(**order), language, number, NOON)


def text_of(file: bytes) -> str:
    """All characters of a PDF, as an independent reader finds them."""
    document = pypdfium2.PdfDocument(file)
    page = document[0]
    words = page.get_textpage()
    found: str = words.get_text_range()
    for each in (words, page, document):
        each.close()
    return found.replace("\r", "").replace("\n", "")


def test_text_of_32_columns_in_chinese() -> None:
    code = receipt().check_code
    grouped = " ".join(code[at : at + 4] for at in range(0, 16, 4))
    assert plain_text(copy(), 32) == (
        "            明德花园\n"
        "            售电收据\n"
        "--------------------------------\n"
        "收据号               00100000001\n"
        "时间         2026-01-05 12:00:00\n"
        "商铺号                  101 超市\n"
        "用户                        张三\n"
        "表号                  0010010201\n"
        "倍率                          20\n"
        "--------------------------------\n"
        "购电金额                   50.00\n"
        "服务费                      0.85\n"
        "实收                   50.85 CNY\n"
        "大写              伍拾元捌角伍分\n"
        "--------------------------------\n"
        "购电次数                       7\n"
        "累计购电                  350.00\n"
        "状态                  已写入电表\n"
        "操作员                        li\n"
        "--------------------------------\n"
        f"   校验码 {grouped}\n"
    )


def test_text_of_48_columns_in_english_marked_as_a_reprint() -> None:
    lines = plain_text(copy(3, Language.ENGLISH), 48).splitlines()
    assert "*** COPY 3 ***" in lines[2]
    assert "Paid                                   50.85 CNY" in lines
    assert not any("补打" in line or "大写" in line for line in lines)
    assert "*** 补打 第2次 ***" in plain_text(copy(2), 32)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (CommandState.RESERVED, "处理中"),
        (CommandState.DISPUTED, "处理中"),
        (CommandState.VOIDED, "已作废"),
        (CommandState.APPLIED, "已写入电表"),
    ],
)
def test_it_says_whether_the_meter_has_the_money(state: CommandState, words: str) -> None:
    assert words in plain_text(sheet(receipt(state), Language.CHINESE, 1, NOON), 32)


def test_a_refund_and_a_reversal_say_what_was_paid_out() -> None:
    refund = plain_text(copy(kind=CommandKind.REFUND, fee_fen=0, reason="搬走"), 32)
    assert "退电收据" in refund
    assert "实退                   50.00 CNY" in refund
    assert "搬走" in refund
    reversal = plain_text(copy(kind=CommandKind.REVERSAL), 32)
    assert "冲正收据" in reversal
    assert "实退                   50.85 CNY" in reversal


ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@settings(max_examples=60)
@given(ANY_TEXT, ANY_TEXT, st.sampled_from([32, 48]))
def test_no_line_is_wider_than_the_printer(place: str, name: str, most: int) -> None:
    text = plain_text(copy(place=place, customer_name=name), most)
    assert all(columns(line) <= most for line in text.splitlines())
    # nothing of a name is lost but spaces
    assert printable(place).replace(" ", "") in text.replace(" ", "").replace("\n", "")


def test_a_name_cannot_steer_the_printer() -> None:
    text = plain_text(copy(customer_name="a\x1b@\x1d\x56b\nc\u202ed\u200b"), 32)
    assert "a @ Vb cd" in text
    assert all(character == "\n" or character.isprintable() for character in text)


def test_chinese_characters_are_two_columns_wide() -> None:
    assert columns("abc") == 3
    assert columns("商铺A") == 5
    assert columns("㛃𠮷") == 4


def test_the_fonts_have_every_character_that_a_shop_name_may_hold() -> None:
    level_1 = [chr(code) for code in range(0x4E00, 0x9FA6)]
    assert len(level_1) == 20902
    gb2312 = [bytes([row, cell]).decode("gb2312", "ignore") for row in range(0xA1, 0xA4) for cell in range(0xA1, 0xFF)]  # fmt: skip
    latin = [chr(code) for code in range(0x20, 0x7F)]
    lacking = {each for each in (*level_1, *gb2312, *latin) if each and glyphs.font_of(each) is None}
    # Roman numerals, which are written with letters
    assert lacking <= set("ⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩⅪⅫⅰⅱⅲⅳⅴⅵⅶⅷⅸⅹ")
    hanzi = glyphs.fonts()["prewatt-hanzi"].face
    # a glyph without an outline would be an invisible character
    empty = [
        character
        for character in level_1
        if hanzi.glyphPos[hanzi.charToGlyph[ord(character)]]
        == hanzi.glyphPos[hanzi.charToGlyph[ord(character)] + 1]
    ]
    assert empty == []


def test_a_pdf_holds_every_character_of_the_receipt() -> None:
    name = "堃喆㛃鱻龘 Café №8 Ω ①"
    file = pdf(copy(2, place="Ⅱ期 101 超市", customer_name=name))
    assert file.missing == ""
    found = text_of(file.content)
    for part in ("明德花园", "售电收据", "*** 补打 第2次 ***", "II期 101 超市", name, "50.85 CNY"):
        assert part in found
    assert file.content.count(b"/FontFile2") >= 2, "fonts are embedded"
    assert len(file.content) < 60_000, "as subsets"


def test_a_character_that_no_font_has_is_a_box_and_is_named() -> None:
    file = pdf(copy(customer_name="𠮷野家𠮷"))
    assert file.missing == "𠮷"
    assert "□野家□" in text_of(file.content)


def test_a_copy_gives_the_same_bytes_again() -> None:
    assert pdf(copy()).content == pdf(copy()).content
    assert pdf(copy()).content != pdf(copy(2)).content


def test_the_check_code_depends_on_amount_and_order() -> None:
    code = receipt().check_code
    assert len(code) == 16
    assert receipt(amount_fen=50000).check_code != code
    assert receipt(command_id=UUID(int=8)).check_code != code
    assert receipt().qr_text == (f"PREWATT|00100000001|SALE|0010010201|50.85 CNY|20260105T120000+0800|{code}")
