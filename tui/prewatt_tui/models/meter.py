"""A meter, as a row of the table and as a page of its own."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from prewatt_tui.models.reading import Reading, Relay
from prewatt_tui.models.values import Json, Money, instant, money


class Standing(StrEnum):
    """State of a meter in the table: the platform's six, and post-paid, which needs no account."""

    OPENED = "OPENED"
    ALARM_1 = "ALARM_1"
    ALARM_2 = "ALARM_2"
    ARREARS = "ARREARS"
    UNOPENED = "UNOPENED"
    POSTPAID = "POSTPAID"
    LOST = "LOST"


class ControlMode(StrEnum):
    """Who decides about the supply."""

    PREPAID = "PREPAID"
    KEEP_SUPPLY = "KEEP_SUPPLY"
    FORCED_OFF = "FORCED_OFF"


class AccountState(StrEnum):
    """How far an account is."""

    UNOPENED = "UNOPENED"
    OPENING = "OPENING"
    OPEN = "OPEN"
    CLOSED = "CLOSED"


@dataclass(frozen=True, slots=True)
class Meter:
    """A meter as the table shows it."""

    number: str
    model: str
    place: str
    area: tuple[str, ...]
    postpaid: bool
    balance_location: str
    account_state: AccountState
    standing: Standing
    control_mode: ControlMode
    relay: Relay
    lost: bool
    balance: Money | None
    reading: Reading | None

    @classmethod
    def of(cls, data: Json) -> Self:
        return cls(**_row(data))

    def with_reading(self, reading: Reading) -> Self:
        """The row after `reading` arrived, until the platform is asked for the row again."""
        if self.reading is not None and reading.at < self.reading.at:
            return self
        return replace(
            self,
            reading=reading,
            lost=False,
            standing=self._standing_after(reading),
            relay=reading.relay or self.relay,
            balance=reading.remaining or self.balance,
        )

    def _standing_after(self, reading: Reading) -> Standing:
        if self.account_state is not AccountState.OPEN:
            return Standing.POSTPAID if self.postpaid else Standing.UNOPENED
        for flag, standing in (
            (reading.arrears, Standing.ARREARS),
            (reading.alarm_2, Standing.ALARM_2),
            (reading.alarm_1, Standing.ALARM_1),
        ):
            if flag:
                return standing
        return Standing.OPENED


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """A sale that is being delivered."""

    receipt_number: str
    state: str
    amount: Money
    operator: str
    created_at: datetime

    @classmethod
    def of(cls, data: Json) -> Self:
        return cls(
            data["receiptNumber"],
            data["state"],
            Money.of(data["amount"]),
            data["operatorName"],
            datetime.fromisoformat(data["createdAt"]),
        )


@dataclass(frozen=True, slots=True)
class MeterDetail(Meter):
    """A meter as its own page shows it."""

    gateway: str
    gateway_name: str
    port: int
    bus_address: int
    ct: int
    pt: int
    remark: str | None
    customer: str | None
    phone: str | None
    opened_at: datetime | None
    control_mode_observed: ControlMode | None
    relay_read_at: datetime | None
    last_heard_at: datetime | None
    reading_interval_minutes: int | None
    open_order: OpenOrder | None

    @classmethod
    def of(cls, data: Json) -> Self:
        account = data["account"] or {}
        customer = account.get("customer") or {}
        return cls(
            **_row(data),
            gateway=data["gateway"]["number"],
            gateway_name=data["gateway"]["name"],
            port=data["port"],
            bus_address=data["busAddress"],
            ct=data["ct"],
            pt=data["pt"],
            remark=data["remark"],
            customer=customer.get("name"),
            phone=customer.get("phone"),
            opened_at=instant(account.get("openedAt")),
            control_mode_observed=None
            if data["controlModeObserved"] is None
            else ControlMode(data["controlModeObserved"]),
            relay_read_at=instant(data["relayReadAt"]),
            last_heard_at=instant(data["lastHeardAt"]),
            reading_interval_minutes=data["readingIntervalMinutes"],
            open_order=None if data["openOrder"] is None else OpenOrder.of(data["openOrder"]),
        )


@dataclass(frozen=True, slots=True)
class Page:
    """A page of meters; `cursor` is None after the last one."""

    meters: tuple[Meter, ...]
    cursor: str | None

    @classmethod
    def of(cls, data: Json) -> Self:
        info = data["pageInfo"]
        cursor = info["endCursor"] if info["hasNextPage"] else None
        return cls(tuple(Meter.of(edge["node"]) for edge in data["edges"]), cursor)


def _row(data: Json) -> dict[str, Any]:
    return {
        "number": data["number"],
        "model": data["model"],
        "place": data["place"],
        "area": tuple(data["area"]),
        "postpaid": data["postpaid"],
        "balance_location": data["balanceLocation"],
        "account_state": AccountState(data["accountState"]),
        "standing": _standing(data),
        "control_mode": ControlMode(data["controlMode"]),
        "relay": Relay(data["relay"]),
        "lost": data["lost"],
        # a post-paid instrument owes nothing here: what it has measured is billed elsewhere
        "balance": None if data["postpaid"] else money(data["balance"]),
        "reading": None if data["reading"] is None else Reading.of(data["reading"]),
    }


def _standing(data: Json) -> Standing:
    standing = Standing(data["standing"])
    return Standing.POSTPAID if data["postpaid"] and standing is Standing.UNOPENED else standing
