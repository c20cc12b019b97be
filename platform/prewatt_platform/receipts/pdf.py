"""A receipt as a PDF page of 80 mm width, with embedded subsets of the fonts and a QR code.

The same receipt gives the same bytes: the file has no time of its own.
"""

import io
import threading
from dataclasses import dataclass, field
from typing import Any, Final

from prewatt_platform.receipts import glyphs
from prewatt_platform.receipts.content import Sheet, wrapped

_MM: Final = 72 / 25.4
WIDTH: Final = 80 * _MM
_MARGIN: Final = 6 * _MM
_INNER: Final = WIDTH - 2 * _MARGIN
_SIZE: Final = 9.0
_LEADING: Final = 13.0
_TITLE_SIZE: Final = 12.0
_QR_SIDE: Final = 28 * _MM
_QUIET_ZONE: Final = 4
"""Empty modules around a QR code (ISO/IEC 18004)."""

_one_at_a_time = threading.Lock()
"""Documents share the fonts, which keep a record of each document's subsets."""


@dataclass(frozen=True, slots=True)
class Pdf:
    """The file, and the characters that could not be set and are shown as a box."""

    content: bytes
    missing: str


@dataclass(slots=True)
class _Line:
    """One line of the page: left text, right text or centred text, at a size; empty: a rule."""

    left: str = ""
    right: str = ""
    centre: str = ""
    size: float = _SIZE


@dataclass(slots=True)
class _Layout:
    lines: list[_Line] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def shown(self, text: str) -> str:
        set_as, missing = glyphs.shown(text)
        self.missing.extend(missing)
        return set_as

    def centre(self, text: str, size: float = _SIZE) -> None:
        text = self.shown(text)
        for line in wrapped(text, _widths(text, size), _INNER):
            self.lines.append(_Line(centre=line, size=size))

    def row(self, label: str, value: str) -> None:
        label, value = self.shown(label), self.shown(value)
        widths = _widths(value, _SIZE)
        if sum(_widths(label, _SIZE)) + _SIZE + sum(widths) <= _INNER:
            self.lines.append(_Line(left=label, right=value))
            return
        self.lines.append(_Line(left=label))
        self.lines.extend(_Line(right=line) for line in wrapped(value, widths, _INNER))


def pdf(sheet: Sheet) -> Pdf:
    """The receipt as a PDF file. Takes some 10 ms, the first one longer; call it in a thread."""
    with _one_at_a_time:
        return _pdf(sheet)


def _pdf(sheet: Sheet) -> Pdf:
    from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]  # noqa: PLC0415 - heavy, few need it

    layout = _Layout()
    layout.centre(sheet.title, _TITLE_SIZE)
    layout.centre(sheet.heading, _TITLE_SIZE)
    for mark in sheet.marks:
        layout.centre(mark)
    for section in sheet.sections:
        layout.lines.append(_Line())
        for label, value in section:
            layout.row(label, value)
    layout.lines.append(_Line())
    for foot in sheet.foot:
        layout.centre(foot)
    height = 2 * _MARGIN + len(layout.lines) * _LEADING + _QR_SIDE
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=(WIDTH, height), invariant=1)
    canvas.setTitle(f"{sheet.heading} {sheet.title}")
    baseline = height - _MARGIN
    for line in layout.lines:
        baseline -= _LEADING
        _draw(canvas, line, baseline)
    _draw_qr(canvas, sheet.qr_text, (WIDTH - _QR_SIDE) / 2, _MARGIN)
    canvas.showPage()
    canvas.save()
    return Pdf(file.getvalue(), "".join(dict.fromkeys(layout.missing)))


def _draw(canvas: Any, line: _Line, baseline: float) -> None:
    if not (line.left or line.right or line.centre):
        canvas.setLineWidth(0.5)
        canvas.line(_MARGIN, baseline + _SIZE / 3, WIDTH - _MARGIN, baseline + _SIZE / 3)
    for text, start in (
        (line.left, _MARGIN),
        (line.right, WIDTH - _MARGIN - sum(_widths(line.right, line.size))),
        (line.centre, (WIDTH - sum(_widths(line.centre, line.size))) / 2),
    ):
        at = start
        for run in glyphs.runs(text):
            canvas.setFont(run.font, line.size)
            canvas.drawString(at, baseline, run.text)
            at += sum(_widths(run.text, line.size))


def _draw_qr(canvas: Any, text: str, left: float, bottom: float) -> None:
    import segno  # noqa: PLC0415 - few need it

    modules = list(segno.make_qr(text, error="m").matrix)
    side = _QR_SIDE / (len(modules) + 2 * _QUIET_ZONE)
    for row, cells in enumerate(modules):
        for column, dark in enumerate(cells):
            if dark:
                canvas.rect(
                    left + (column + _QUIET_ZONE) * side,
                    bottom + _QR_SIDE - (row + _QUIET_ZONE + 1) * side,
                    side,
                    side,
                    stroke=0,
                    fill=1,
                )


def _widths(text: str, size: float) -> list[float]:
    fonts = glyphs.fonts()
    return [fonts[run.font].stringWidth(each, size) for run in glyphs.runs(text) for each in run.text]
