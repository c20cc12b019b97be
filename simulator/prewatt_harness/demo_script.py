"""Demo script on one meter: open an account, sell credit, refund some, state it, switch supply off and on.

Every step uses the API; its result is checked there and, independently, on the meter's own bus.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from prewatt_fixtures.site import Site
from prewatt_harness.api import Api, Json
from prewatt_harness.bus_probe import BusProbe, ProbeReading
from prewatt_harness.errors import CheckFailed, NothingToSell
from prewatt_harness.progress import Progress

AMOUNT_FEN: Final = 5000
AMOUNT: Final = "50.00"
REFUND_FEN: Final = 2000
REFUND: Final = "20.00"
CUSTOMER: Final = "Demo customer"


@dataclass(frozen=True, slots=True)
class Sold:
    """A sale, between two looks at the meter."""

    meter: str
    state: str
    receipt: str
    before: ProbeReading
    after: ProbeReading


@dataclass(frozen=True, slots=True)
class Refunded:
    """A refund of part of that sale, and the meter after it."""

    state: str
    receipt: str
    after: ProbeReading


@dataclass(frozen=True, slots=True)
class Stated:
    """The account's statement since the demo began."""

    opening: str
    movements: Sequence[Json]
    closing: str


@dataclass(frozen=True, slots=True)
class Switched:
    """Relay states shown by the API and by the meter's bus."""

    opened: bool
    closed: bool
    control_mode: str
    """As the API read it back at the end."""
    forced_mode: int
    """The register at the end."""


async def sell(api: Api, probe: BusProbe, site: Site, meters: Sequence[Json], progress: Progress) -> Sold:
    """Sell to a meter of those that were read, opening an account first where there is none; `CheckFailed`."""
    number, opened = _choose(site, meters)
    if not opened:
        progress.begin(f"opening an account on meter {number}")
        await api.open_account(number, CUSTOMER)
    before = await probe.look(number)
    progress.begin(f"selling {AMOUNT} to meter {number}")
    command = await api.sell(number, AMOUNT)
    after = await probe.look(number)
    _expect("the meter's purchase count", before.purchase_count + 1, after.purchase_count)
    total_fen = before.total_purchased_fen + AMOUNT_FEN
    _expect("the meter's total purchased in fen", total_fen, after.total_purchased_fen)
    return Sold(number, command["state"], command["sale"]["receiptNumber"], before, after)


async def refund(api: Api, probe: BusProbe, sold: Sold, progress: Progress) -> Refunded:
    """Refund part of the sale; `CheckFailed`."""
    progress.begin(f"refunding {REFUND} from meter {sold.meter}")
    command = await api.refund(sold.meter, REFUND)
    after = await probe.look(sold.meter)
    # a refund uses up a purchase count, too: that is how the meter shows that it was carried out
    _expect("the meter's purchase count", sold.after.purchase_count + 1, after.purchase_count)
    total_fen = sold.after.total_purchased_fen - REFUND_FEN
    _expect("the meter's total purchased in fen", total_fen, after.total_purchased_fen)
    return Refunded(command["state"], command["sale"]["receiptNumber"], after)


async def state(
    api: Api, sold: Sold, refunded: Refunded, since: datetime, until: datetime, progress: Progress
) -> Stated:
    """Statement of the account, with the sale and the refund as its newest movements; `CheckFailed`."""
    progress.begin(f"stating the account of meter {sold.meter}")
    found = await api.statement(sold.meter, since, until)
    movements = found["movements"]
    newest = [(each["kind"], each["document"], each["amount"]["amount"]) for each in movements[-2:]]
    due = [("SALE", sold.receipt, AMOUNT), ("REFUND", refunded.receipt, f"-{REFUND}")]
    _expect("the statement's newest movements", due, newest)
    opening, closing = Decimal(found["opening"]["amount"]), Decimal(found["closing"]["amount"])
    total = sum((Decimal(each["amount"]["amount"]) for each in movements), start=opening)
    _expect("opening and movements of the statement", closing, total)
    return Stated(found["opening"]["amount"], movements, found["closing"]["amount"])


async def switch(api: Api, probe: BusProbe, number: str, progress: Progress) -> Switched:
    """Open the relay, close it again, and leave the meter to its own prepayment control; `CheckFailed`."""
    progress.begin(f"switching meter {number} off")
    off = await _set_mode(api, probe, number, "FORCED_OFF")
    _expect("the relay, by API and bus", ("OPEN", "OPEN"), off.relay)
    progress.begin(f"switching meter {number} on again")
    on = await _set_mode(api, probe, number, "KEEP_SUPPLY")
    _expect("the relay, by API and bus", ("CLOSED", "CLOSED"), on.relay)
    progress.begin(f"leaving meter {number} to its prepayment control")
    left = await _set_mode(api, probe, number, "PREPAID")
    _expect("the register of the forced mode", 0, left.forced_mode)
    return Switched(
        opened=off.relay == ("OPEN", "OPEN"),
        closed=on.relay == ("CLOSED", "CLOSED"),
        control_mode=left.mode,
        forced_mode=left.forced_mode,
    )


@dataclass(frozen=True, slots=True)
class _Control:
    """Forced control as it was read back after a command."""

    mode: str
    relay: tuple[str, str]
    """As the API gives it, and as the demo saw it on the bus."""
    forced_mode: int


async def _set_mode(api: Api, probe: BusProbe, number: str, mode: str) -> _Control:
    await api.set_control_mode(number, mode)
    shown = await api.control(number)
    seen = await probe.look(number)
    _expect("the control mode, read back", mode, shown["controlModeObserved"])
    return _Control(mode, (shown["relay"], "CLOSED" if seen.relay_closed else "OPEN"), seen.forced_mode)


def _choose(site: Site, meters: Sequence[Json]) -> tuple[str, bool]:
    """The demo's own meter of an earlier run, else the first unopened one; and whether its account is open."""
    prepaid = {meter.number for meter in site.meters if meter.prepaid}
    mine = [m["number"] for m in meters if m["accountState"] == "OPEN" and _customer(m) == CUSTOMER]
    if mine:
        return mine[0], True
    for meter in meters:
        if meter["accountState"] == "UNOPENED" and meter["number"] in prepaid:
            return meter["number"], False
    raise NothingToSell(site.project.code)


def _customer(meter: Json) -> str | None:
    return meter["account"]["customer"]["name"] if meter["account"] else None


def _expect(what: str, wanted: object, found: object) -> None:
    if found != wanted:
        raise CheckFailed(what, wanted, found)
