"""A receipt as plain text for a thermal printer of 32 or 48 columns."""

from collections.abc import Iterator
from typing import Final

from prewatt_platform.receipts.content import Sheet, wrapped
from prewatt_platform.receipts.models import Form

COLUMNS: Final = {Form.TEXT_32: 32, Form.TEXT_48: 48}
"""Columns of each text form."""


def columns(text: str) -> int:
    """Columns that a printer in Chinese mode uses: two for each character that GB 18030 writes in more than one byte."""
    return sum(_widths(text))


def plain_text(sheet: Sheet, columns_max: int) -> str:
    """The receipt as lines of at most `columns_max` columns, each with its end of line. The QR code is left to the printer."""
    rule = "-" * columns_max
    lines = [
        *_centred(sheet.title, columns_max),
        *_centred(sheet.heading, columns_max),
        *(line for mark in sheet.marks for line in _centred(mark, columns_max)),
    ]
    for section in sheet.sections:
        lines.append(rule)
        for label, value in section:
            lines.extend(_row(label, value, columns_max))
    lines.append(rule)
    lines.extend(line for foot in sheet.foot for line in _centred(foot, columns_max))
    return "".join(f"{line}\n" for line in lines)


def _row(label: str, value: str, columns_max: int) -> Iterator[str]:
    """Label left and value right; a value that does not fit beside the label has lines of its own."""
    free = columns_max - columns(label) - columns(value)
    if free > 0:
        yield label + " " * free + value
        return
    yield label
    for line in wrapped(value, _widths(value), columns_max - 2):
        yield f"  {line}"


def _centred(text: str, columns_max: int) -> Iterator[str]:
    for line in wrapped(text, _widths(text), columns_max):
        yield " " * ((columns_max - columns(line)) // 2) + line


def _widths(text: str) -> list[int]:
    return [1 if len(character.encode("gb18030")) == 1 else 2 for character in text]
