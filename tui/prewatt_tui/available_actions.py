"""Actions that a meter allows now; for the others the reason, as a sentence for the operator.

The platform decides; this check only saves the operator a useless form.
"""

from prewatt_tui.language import tr
from prewatt_tui.models.meter import AccountState, MeterDetail


def why_no_sale(meter: MeterDetail) -> str | None:
    """Why nothing can be sold to the meter now; None when it can."""
    if meter.postpaid or meter.balance_location != "METER":
        return tr("{number} is not a prepaid meter.", number=meter.number)
    if meter.account_state is not AccountState.OPEN:
        return tr("{number} has no open account: open one first.", number=meter.number)
    if meter.open_order is not None:
        return tr(
            "A sale to {number} is being delivered: wait for its end, do not sell again.", number=meter.number
        )
    return None


def why_no_orders(meter: MeterDetail) -> str | None:
    """Why the meter has no money orders; None when it may have some."""
    if meter.postpaid or meter.balance_location != "METER":
        return tr("{number} is not a prepaid meter.", number=meter.number)
    return None


def why_no_refund(meter: MeterDetail) -> str | None:
    """Why nothing can be refunded from the meter now; None when it can."""
    if meter.account_state is not AccountState.OPEN:
        return tr("{number} has no open account.", number=meter.number)
    if meter.open_order is not None:
        return tr("An order of {number} is under way: wait for its end.", number=meter.number)
    return None


def why_no_account(meter: MeterDetail) -> str | None:
    """Why no account can be opened on the meter now; None when one can."""
    if meter.postpaid or meter.balance_location != "METER":
        return tr("{number} is not a prepaid meter.", number=meter.number)
    if meter.account_state is AccountState.OPENING:
        return tr("The account of {number} is being opened.", number=meter.number)
    if meter.account_state is AccountState.OPEN:
        return tr("{number} has an open account already.", number=meter.number)
    return None


def why_no_control(meter: MeterDetail) -> str | None:
    """Why the meter takes no control mode; None when it does."""
    if meter.postpaid or meter.balance_location != "METER":
        return tr("{number} has no relay that could be controlled.", number=meter.number)
    return None
