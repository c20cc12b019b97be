"""What stands on a receipt: the order's data, and its lines in Chinese or English, the same for text and PDF."""

import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from prewatt_platform.accounts.models import Order
from prewatt_platform.accounts.rules import yuan
from prewatt_platform.control.models import CommandKind, CommandState
from prewatt_platform.projects.models import Project
from prewatt_platform.receipts.capitals import capitals
from prewatt_platform.receipts.models import Language

CHECK_CODE_LENGTH: Final = 16


@dataclass(frozen=True, slots=True)
class Receipt:
    """An order, the state of its command, and the time of its day in the project's zone."""

    project: Project
    order: Order
    state: CommandState
    local_time: datetime
    reverses_number: str | None = None
    """Receipt number of the sale that a reversal undoes."""

    @property
    def check_code(self) -> str:
        """Sixteen hexadecimal digits that prove a receipt: they depend on the order's id, which no receipt shows."""
        order = self.order
        content = "|".join(
            (
                self.project.code,
                str(order.command_id),
                order.kind,
                order.receipt_number,
                order.meter_number,
                f"{order.amount_fen} {order.paid_fen} {self.project.currency}",
                f"{self.local_time:%Y%m%dT%H%M%S%z}",
            )
        )
        return hashlib.sha256(content.encode()).hexdigest()[:CHECK_CODE_LENGTH].upper()

    @property
    def qr_text(self) -> str:
        """Content of the QR code: number, kind, meter, amount paid, time, check code."""
        order = self.order
        return "|".join(
            (
                "PREWATT",
                order.receipt_number,
                order.kind,
                order.meter_number,
                f"{yuan(order.paid_fen)} {self.project.currency}",
                f"{self.local_time:%Y%m%dT%H%M%S%z}",
                self.check_code,
            )
        )


@dataclass(frozen=True, slots=True)
class Sheet:
    """A receipt ready to be set: a title, marks below it, sections of (label, value), and lines at the foot."""

    title: str
    heading: str
    marks: tuple[str, ...]
    sections: tuple[tuple[tuple[str, str], ...], ...]
    foot: tuple[str, ...]
    qr_text: str


_TITLES: Final = {
    CommandKind.SALE: ("售电收据", "Receipt: energy sold"),
    CommandKind.REFUND: ("退电收据", "Receipt: refund"),
    CommandKind.REVERSAL: ("冲正收据", "Receipt: sale reversed"),
    CommandKind.GRANT: ("补助单", "Grant"),
}
_TITLE_OF_OTHERS: Final = ("收据", "Receipt")

_AMOUNTS: Final = {
    CommandKind.SALE: ("购电金额", "Credit"),
    CommandKind.REFUND: ("退电金额", "Credit taken back"),
    CommandKind.REVERSAL: ("冲正金额", "Credit taken back"),
    CommandKind.GRANT: ("补助金额", "Credit granted"),
}
_AMOUNT_OF_OTHERS: Final = ("金额", "Amount")

_DELIVERED: Final = ("已写入电表", "in the meter")
_NOT_DELIVERED: Final = ("已作废", "VOIDED: nothing was delivered")
_UNDER_WAY: Final = ("处理中", "being delivered")


def sheet(receipt: Receipt, language: Language, copy_number: int, printed_at: datetime) -> Sheet:
    """The lines of one copy of a receipt. A copy behind the first is marked as a reprint."""
    order, english = receipt.order, language == Language.ENGLISH

    def say(words: tuple[str, str]) -> str:
        return words[1] if english else words[0]

    paid_out = order.kind != CommandKind.SALE
    plan = order.plan
    rows: list[list[tuple[tuple[str, str], str | None]]] = [
        [
            (("收据号", "Receipt no."), order.receipt_number),
            (("时间", "Time"), f"{receipt.local_time:%Y-%m-%d %H:%M:%S}"),
            (("商铺号", "Place"), order.place),
            (("用户", "Customer"), order.customer_name),
            (("表号", "Meter"), order.meter_number),
            (("倍率", "Ratio"), str(order.multiplier)),
        ],
        [
            (_AMOUNTS.get(order.kind, _AMOUNT_OF_OTHERS), yuan(order.amount_fen)),
            (("代收欠费", "Owed fees"), yuan(order.owed_fen) if order.owed_fen else None),
            (("物业费", "Property fee"), yuan(order.property_fen) if order.property_fen else None),
            (("服务费", "Service fee"), yuan(order.fee_fen) if order.fee_fen else None),
            (
                ("实退", "Paid out") if paid_out else ("实收", "Paid"),
                f"{yuan(order.paid_fen)} {receipt.project.currency}" if order.paid_fen else None,
            ),
            (("大写", ""), None if english or not order.paid_fen else capitals(order.paid_fen)),
            (("补助项目", "Programme"), order.programme),
        ],
        [
            (("购电次数", "Purchase count"), None if plan is None else str(plan.purchase_count)),
            (("累计购电", "Total purchased"), None if plan is None else yuan(plan.total_after_fen)),
            (("剩余金额", "Credit left"), None if order.remaining_fen is None else yuan(order.remaining_fen)),
            (("状态", "Status"), say(_status(receipt.state))),
            (("原收据号", "Reverses"), receipt.reverses_number),
            (("原因", "Reason"), order.reason),
            (("操作员", "Operator"), order.operator_name),
        ],
    ]
    marks = []
    if copy_number > 1:
        marks.append(say((f"*** 补打 第{copy_number}次 ***", f"*** COPY {copy_number} ***")))
        marks.append(f"{printed_at:%Y-%m-%d %H:%M}")
    return Sheet(
        title=printable(receipt.project.name),
        heading=say(_TITLES.get(order.kind, _TITLE_OF_OTHERS)),
        marks=tuple(marks),
        sections=tuple(
            tuple((say(label), printable(value)) for label, value in section if value) for section in rows
        ),
        foot=(say((f"校验码 {_grouped(receipt.check_code)}", f"Check {_grouped(receipt.check_code)}")),),
        qr_text=receipt.qr_text,
    )


def printable(text: str) -> str:
    """The text without control and format characters: a name must not steer a printer or turn a line around."""
    return " ".join(
        "".join(
            " " if unicodedata.category(character) in {"Cc", "Zl", "Zp"} else character
            for character in text
            if unicodedata.category(character) not in {"Cf", "Cs"}
        ).split()
    )


def wrapped(text: str, widths: Sequence[float], width_max: float) -> list[str]:
    """Break a line before it is wider than `width_max`, at a space where there is one. `widths`: of each character."""
    lines, start = [], 0
    while start < len(text):
        end, width = start, 0.0
        while end < len(text) and width + widths[end] <= width_max:
            width += widths[end]
            end += 1
        # a character that is wider than the line stands alone
        end = max(end, start + 1)
        space = text.rfind(" ", start, end + 1)
        if end < len(text) and space > start:
            lines.append(text[start:space])
            start = space + 1
        else:
            lines.append(text[start:end])
            start = end
    return lines


def _status(state: CommandState) -> tuple[str, str]:
    if state == CommandState.APPLIED:
        return _DELIVERED
    return _NOT_DELIVERED if state == CommandState.VOIDED else _UNDER_WAY


def _grouped(code: str) -> str:
    return " ".join(code[at : at + 4] for at in range(0, len(code), 4))
