"""Summary of the demo, as JSON and as text.

Money is a decimal string in both.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from prewatt_fixtures.site import Site
from prewatt_harness.demo_script import AMOUNT, REFUND, Refunded, Sold, Stated, Switched
from prewatt_harness.reading import ReadMeters
from prewatt_harness.stack import SignIn


@dataclass(frozen=True, slots=True)
class Summary:
    """One run of the demo."""

    site: Site
    url: str
    sign_in: SignIn
    readings: ReadMeters
    read_seconds: float
    """From the start of collection until all readings came back through the API."""
    sold: Sold
    refunded: Refunded
    stated: Stated
    switched: Switched
    seconds: float
    """From the start of the command."""

    def as_json(self, *, staying: bool) -> dict[str, Any]:
        """For `--json`; the password only while somebody can sign in with it."""
        before, after = self.sold.before, self.sold.after
        return {
            "site": self.site.project.code,
            "meters": len(self.site.energy_meters),
            "read": len(self.readings.read),
            "failed": len(self.readings.failed),
            "read_seconds": round(self.read_seconds, 2),
            "sale": {
                "meter": self.sold.meter,
                "amount": AMOUNT,
                "state": self.sold.state,
                "receipt": self.sold.receipt,
                "purchase_count_before": before.purchase_count,
                "purchase_count_after": after.purchase_count,
                "remaining_before": yuan(before.remaining_fen),
                "remaining_after": yuan(after.remaining_fen),
                "total_purchased_before": yuan(before.total_purchased_fen),
                "total_purchased_after": yuan(after.total_purchased_fen),
            },
            "refund": {
                "amount": REFUND,
                "state": self.refunded.state,
                "receipt": self.refunded.receipt,
                "purchase_count_after": self.refunded.after.purchase_count,
                "remaining_after": yuan(self.refunded.after.remaining_fen),
                "total_purchased_after": yuan(self.refunded.after.total_purchased_fen),
            },
            "statement": {
                "opening": self.stated.opening,
                "movements": [
                    {"kind": each["kind"], "receipt": each["document"], "amount": each["amount"]["amount"]}
                    for each in self.stated.movements
                ],
                "closing": self.stated.closing,
            },
            "relay": {
                "opened": self.switched.opened,
                "closed": self.switched.closed,
                "control_mode": self.switched.control_mode,
                "forced_mode": self.switched.forced_mode,
            },
            "seconds": round(self.seconds, 1),
            **({"url": self.url, "sign_in": self._sign_in()} if staying else {}),
        }

    def as_text(self, *, staying: bool) -> str:
        """For people."""
        project, sold, readings = self.site.project, self.sold, self.readings
        read = (
            f"{len(readings.read)} of {len(self.site.energy_meters)} meters read in {self.read_seconds:.1f} s"
        )
        credit = f"{yuan(sold.before.remaining_fen)} -> {yuan(sold.after.remaining_fen)}"
        count = f"{sold.before.purchase_count} -> {sold.after.purchase_count}"
        refunded = self.refunded
        left = f"purchases {refunded.after.purchase_count}, remaining {yuan(refunded.after.remaining_fen)}"
        sum_ = (self.stated.opening, *self._amounts(), "=", self.stated.closing)
        lines = [
            f"{project.name} ({project.code}): {read}",
            *(f"  not read: {number}" for number in readings.failed),
            f"meter {sold.meter}: sold {AMOUNT} {project.currency}, {sold.state}, receipt {sold.receipt}",
            f"  the meter itself shows: purchases {count}, remaining {credit}",
            f"  refunded {REFUND} {project.currency}, {refunded.state}, receipt {refunded.receipt}: {left}",
            f"  statement: {' '.join(sum_)} {project.currency}",
            f"  its relay opened and closed again; it is left in {self.switched.control_mode}",
        ]
        return "\n".join(lines + (self._where_to_look() if staying else []))

    def _amounts(self) -> list[str]:
        """Movements of the statement, each with its sign."""
        amounts = [Decimal(each["amount"]["amount"]) for each in self.stated.movements]
        return [f"{'-' if amount < 0 else '+'} {abs(amount)}" for amount in amounts]

    def _where_to_look(self) -> list[str]:
        return [
            "",
            f"API       {self.url}/graphql  (X-Project: {self.site.project.code})",
            f"name      {self.sign_in.name}",
            f"password  {self.sign_in.password}",
            f"terminal  prewatt tui --url {self.url} --name {self.sign_in.name}",
            "Ctrl-C ends it all.",
        ]

    def _sign_in(self) -> dict[str, str]:
        return {"name": self.sign_in.name, "password": self.sign_in.password}


def yuan(amount_fen: int) -> str:
    """Fen as a decimal string."""
    return str(Decimal(amount_fen).scaleb(-2))
