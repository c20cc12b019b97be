"""The two fonts of PDF receipts, and which of them has a character (`fonts/README.md`)."""

import io
import lzma
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

FONT_FILES: Final = ("symbols", "hanzi")
"""In the order in which a character is looked for."""

REPLACEMENT: Final = "□"
"""Stands for a character that neither font has."""


@dataclass(frozen=True, slots=True)
class Run:
    """Characters in a row that one font has."""

    font: str
    text: str


@cache
def fonts() -> dict[str, Any]:
    """The fonts by name, registered with reportlab; parsed once in a process (about 0.2 s)."""
    from reportlab.pdfbase import pdfmetrics  # type: ignore[import-untyped]  # noqa: PLC0415 - heavy, few need it
    from reportlab.pdfbase.ttfonts import TTFont  # type: ignore[import-untyped]  # noqa: PLC0415 - as above

    folder = resources.files(__package__) / "fonts"
    found = {}
    for name in FONT_FILES:
        data = lzma.decompress((folder / f"{name}.ttf.xz").read_bytes())
        font = TTFont(f"prewatt-{name}", io.BytesIO(data))
        pdfmetrics.registerFont(font)
        found[font.fontName] = font
    return found


def font_of(character: str) -> str | None:
    """Name of the font that has the character; None when neither has."""
    return next((name for name, font in fonts().items() if ord(character) in font.face.charToGlyph), None)


def shown(text: str) -> tuple[str, str]:
    """The text as it can be set, and the characters of it that no font has; each of them is shown as `REPLACEMENT`.

    A character that has an equivalent (a Roman numeral, a ligature) is written with that.
    """
    set_as, missing = [], []
    for character in text:
        if font_of(character) is not None:
            set_as.append(character)
            continue
        equivalent = unicodedata.normalize("NFKC", character)
        if equivalent != character and all(font_of(each) is not None for each in equivalent):
            set_as.append(equivalent)
        else:
            set_as.append(REPLACEMENT)
            missing.append(character)
    return "".join(set_as), "".join(missing)


def runs(text: str) -> list[Run]:
    """A text that `shown` gave, by font."""
    found: list[Run] = []
    for character in text:
        name = font_of(character)
        assert name is not None, "shown() leaves no character without a font"
        if found and found[-1].font == name:
            found[-1] = Run(name, found[-1].text + character)
        else:
            found.append(Run(name, character))
    return found
