"""The language of the screen: English as written in the code, or Chinese from the catalogue.

The language is chosen once, before the screens are imported: headings and key hints are made when their modules load.
"""

import os
from collections.abc import Mapping
from typing import Any, Final, Literal

from prewatt_tui.chinese import CHINESE

Language = Literal["en", "zh"]
LANGUAGES: Final = ("en", "zh")


class _Catalogue:
    """The texts in force."""

    texts: Mapping[str, str] = {}


def choose(language: Language) -> None:
    """Show texts in that language from now on."""
    _Catalogue.texts = CHINESE if language == "zh" else {}


def of_locale(environment: Mapping[str, str] = os.environ) -> Language:
    """The language that LC_ALL, LC_MESSAGES or LANG ask for, in this order; English for any other."""
    asked = next(
        (environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), ""
    )
    return "zh" if asked.lower().startswith("zh") else "en"


def tr(english: str, **values: Any) -> str:
    """The text in the chosen language, with `{name}` replaced by values. A text without a translation stays English.

    What follows `|` says which of two meanings is meant, and is not shown: `tr("closed|account")`.
    """
    text = _Catalogue.texts.get(english) or english.partition("|")[0]
    return text.format(**values) if values else text
