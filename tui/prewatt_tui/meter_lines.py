"""The lines of a meter's page: which value stands where, and under which name. Showing them is left to `widgets.meter_view`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from prewatt_tui import formatting, labels
from prewatt_tui.language import tr
from prewatt_tui.models.meter import MeterDetail
from prewatt_tui.models.reading import Reading


@dataclass(frozen=True, slots=True)
class View:
    """Context of a line: the present time and the project's time zone."""

    now: datetime
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the page; `live` values are greyed when they are old."""

    label: str
    text: Callable[[MeterDetail, View], str]
    unit: str = ""
    live: bool = False
    look: Callable[[MeterDetail], str] = lambda _: ""


@dataclass(frozen=True, slots=True)
class Panel:
    """Lines under one title."""

    title: str
    lines: tuple[Line, ...]


def _read(label: str, value: Callable[[Reading], str], unit: str = "") -> Line:
    """A line with a value of the latest reading."""
    return Line(
        label,
        lambda meter, _: formatting.NOT_KNOWN if meter.reading is None else value(meter.reading),
        unit,
        live=True,
    )


def _row(values: tuple[Decimal, ...]) -> str:
    return " ".join(map(formatting.number, values)) or formatting.NOT_KNOWN


def _pair(first: Decimal | None, second: Decimal | None) -> str:
    return f"{formatting.number(first)}  {formatting.number(second)}"


def _yes(value: bool | None) -> str:
    return formatting.NOT_KNOWN if value is None else tr("on") if value else tr("off")


def _since(at: datetime | None, view: View) -> str:
    return formatting.NOT_KNOWN if at is None else formatting.age(at, view.now)


STATE = Panel(
    tr("State"),
    (
        Line(
            tr("state"),
            lambda m, _: labels.STANDING[m.standing][0],
            look=lambda m: labels.STANDING[m.standing][1],
        ),
        Line(
            tr("relay"),
            lambda m, _: labels.RELAY[m.relay][0],
            live=True,
            look=lambda m: labels.RELAY[m.relay][1],
        ),
        Line(tr("relay read"), lambda m, view: _since(m.relay_read_at, view), live=True),
        Line(tr("mode wanted"), lambda m, _: labels.CONTROL_MODE[m.control_mode]),
        Line(
            tr("mode observed"),
            lambda m, _: (
                labels.CONTROL_MODE[m.control_mode_observed]
                if m.control_mode_observed
                else formatting.NOT_KNOWN
            ),
            live=True,
        ),
        Line(tr("read"), lambda m, view: _since(m.reading.at if m.reading else None, view), live=True),
        Line(tr("last heard"), lambda m, view: _since(m.last_heard_at, view), live=True),
    ),
)

LIVE = Panel(
    tr("Energy and power"),
    (
        _read(tr("total"), lambda r: formatting.number(r.energy_total_kwh), "kWh"),
        _read(tr("  sharp"), lambda r: formatting.number(r.energy_sharp_kwh), "kWh"),
        _read(tr("  peak"), lambda r: formatting.number(r.energy_peak_kwh), "kWh"),
        _read(tr("  flat"), lambda r: formatting.number(r.energy_flat_kwh), "kWh"),
        _read(tr("  valley"), lambda r: formatting.number(r.energy_valley_kwh), "kWh"),
        _read(tr("reverse energy"), lambda r: formatting.number(r.energy_reverse_kwh), "kWh"),
        _read(tr("power"), lambda r: formatting.number(r.power_kw), "kW"),
        _read(tr("voltage"), lambda r: _row(r.voltages_v), "V"),
        _read(tr("current"), lambda r: _row(r.currents_a), "A"),
        _read(tr("power factor"), lambda r: formatting.number(r.power_factor)),
        _read(tr("frequency"), lambda r: formatting.number(r.frequency_hz), "Hz"),
        _read(tr("meter's clock"), lambda r: (r.meter_clock or formatting.NOT_KNOWN).replace("T", " ")),
    ),
)

PREPAID = Panel(
    tr("Prepayment"),
    (
        Line(tr("balance"), lambda m, _: formatting.money(m.balance), live=True),
        _read(tr("purchase count"), lambda r: formatting.number(r.purchase_count)),
        _read(tr("total purchased"), lambda r: formatting.money(r.total_purchased)),
        _read(tr("alarm 1 at"), lambda r: formatting.money(r.alarm_amount_1)),
        _read(tr("alarm 2 at"), lambda r: formatting.money(r.alarm_amount_2)),
        _read(tr("overdraft"), lambda r: formatting.money(r.overdraft)),
        _read(tr("overload at"), lambda r: formatting.number(r.overload_threshold_kw), "kW"),
        _read(tr("sharp, peak"), lambda r: _pair(r.price_sharp, r.price_peak), "/kWh"),
        _read(tr("flat, valley"), lambda r: _pair(r.price_flat, r.price_valley), "/kWh"),
        _read(tr("money control"), lambda r: _yes(r.money_control)),
    ),
)

ACCOUNT = Panel(
    tr("Account"),
    (
        Line(tr("account"), lambda m, _: labels.ACCOUNT[m.account_state]),
        Line(tr("customer"), lambda m, _: m.customer or formatting.NOT_KNOWN),
        Line(tr("telephone"), lambda m, _: m.phone or formatting.NOT_KNOWN),
        Line(tr("opened"), lambda m, view: formatting.moment(m.opened_at, view.zone)),
    ),
)

POINT = Panel(
    tr("Point"),
    (
        Line(tr("model"), lambda m, _: m.model),
        Line(tr("gateway"), lambda m, _: f"{m.gateway} {m.gateway_name}"),
        Line(
            tr("port, address"),
            lambda m, _: tr(
                "{port}, {bus_address} ({bus_address:02X} hex)", port=m.port, bus_address=m.bus_address
            ),
        ),
        Line("CT, PT", lambda m, _: f"{m.ct}, {m.pt}"),
        Line(tr("remark"), lambda m, _: m.remark or formatting.NOT_KNOWN),
    ),
)

LEFT = (STATE, LIVE)
RIGHT = (PREPAID, ACCOUNT, POINT)
