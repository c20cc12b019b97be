"""The form for a control mode; the mode that cuts off the supply comes last."""

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Button, Input, Label, OptionList, Static
from textual.widgets.option_list import Option

from prewatt_tui import labels
from prewatt_tui.language import tr
from prewatt_tui.models.meter import ControlMode, MeterDetail
from prewatt_tui.screens.dialog import Dialog

OFFERED = (ControlMode.PREPAID, ControlMode.KEEP_SUPPLY, ControlMode.FORCED_OFF)


class ControlModeScreen(Dialog[tuple[ControlMode, str | None]]):
    """Asks which mode, and why if the operator wants to say so; answers with both."""

    def __init__(self, meter: MeterDetail) -> None:
        super().__init__()
        self._meter = meter

    def compose_body(self) -> ComposeResult:
        meter = self._meter
        yield Static(
            tr("Control mode of {number}  {place}", number=meter.number, place=meter.place),
            classes="title",
            markup=False,
        )
        yield Static(
            tr("now {value}", value=labels.CONTROL_MODE[meter.control_mode]), classes="subject", markup=False
        )
        yield Label(tr("Reason (may stay empty; it is kept with the change)"))
        yield Input(id="reason")
        yield OptionList(*(Option(_line(mode), id=mode.value) for mode in OFFERED), markup=False)
        with Horizontal(classes="buttons"):
            yield Button(tr("Cancel"), id="cancel")

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()

    @on(OptionList.OptionSelected)
    def _choose(self, event: OptionList.OptionSelected) -> None:
        assert event.option_id is not None
        self.dismiss((ControlMode(event.option_id), self.query_one("#reason", Input).value.strip() or None))


def _line(mode: ControlMode) -> str:
    return f"{labels.CONTROL_MODE[mode]}: {labels.CONTROL_MODE_MEANS[mode]}"
