"""Texts and delivery reports for the modem, kept by the network until the modem is reachable.

Source: 3GPP TS 27.005 §3.4.1 (+CNMI: <mt> and <ds>, +CMT, +CMTI, +CDS).
"""

from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from prewatt_simulator.modem.pdu import encode_deliver, encode_status_report
from prewatt_simulator.modem.settings import Settings
from prewatt_simulator.modem.store import Store
from prewatt_simulator.modem.unsolicited_results import UnsolicitedResults
from prewatt_simulator.modem.userdata import split

HELD_MAX = 1000
"""Messages and reports kept by the network; the oldest is lost first."""

_STORE_AND_TELL, _HAND_OVER = 1, 2


class _Waiting(NamedTuple):
    body: bytes
    is_report: bool


class Incoming:
    """A modem's queue in the network. `client_pdu` returns length and hexadecimal digits of a message."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        results: UnsolicitedResults,
        client_pdu: Callable[[bytes], tuple[int, str]],
    ) -> None:
        self._settings = settings
        self._store = store
        self._results = results
        self._client_pdu = client_pdu
        self._queue: deque[_Waiting] = deque(maxlen=HELD_MAX)
        self._reference = 0

    def add_text(self, number: str, text: str, at: datetime) -> int:
        """Queue a text and return the number of its parts."""
        self._reference = (self._reference + 1) % 256
        bodies = [encode_deliver(number, part, at) for part in split(text, self._reference)]
        self._queue.extend(_Waiting(body, is_report=False) for body in bodies)
        return len(bodies)

    def add_report(self, number: str, reference: int, status: int, sent_at: datetime, at: datetime) -> None:
        """Queue the status report of a message that the modem sent."""
        body = encode_status_report(number, reference, status, sent_at, at)
        self._queue.append(_Waiting(body, is_report=True))

    def fetch(self) -> None:
        """Deliver what the modem has room for; the rest stays queued. Call it while the modem is reachable."""
        if self._queue:
            waiting = [each for each in self._queue if not self._route(each)]
            self._queue.clear()
            self._queue.extend(waiting)

    def _route(self, waiting: _Waiting) -> bool:
        """Deliver by the +CNMI settings; return whether it left the queue. Reports are dropped when they are off."""
        settings = self._settings
        if waiting.is_report:
            if settings.report_indication:
                self._hand_over("+CDS: ", waiting.body)
            return True
        if settings.message_indication == _HAND_OVER:
            self._hand_over("+CMT: ,", waiting.body)
            return True
        place = self._store.put(waiting.body)
        if place is not None and settings.message_indication == _STORE_AND_TELL:
            self._results.add(f'+CMTI: "SM",{place}', by_mode=True)
        return place is not None

    def _hand_over(self, head: str, body: bytes) -> None:
        length, pdu = self._client_pdu(body)
        self._settings.unacknowledged += self._settings.service
        self._results.add(f"{head}{length}\r\n{pdu}", by_mode=True)
