"""The modem: client input, network and unsolicited results on one clock. Sans-io.

Bytes go in by `receive`, time by `tick`; bytes come out by `data_to_send`. `port` transports them. Messages that were
delivered are in `inbox`.
"""

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from prewatt_fixtures.bounds import DURATION_S
from prewatt_fixtures.clock import Clock, RealClock
from prewatt_simulator.modem.card import Card, CardState
from prewatt_simulator.modem.errors import MessageError, PortOpen
from prewatt_simulator.modem.general import identity_of, registration_of
from prewatt_simulator.modem.inbox import Inbox
from prewatt_simulator.modem.incoming import Incoming
from prewatt_simulator.modem.interpreter import Answer, Interpreter
from prewatt_simulator.modem.line import Body, Cancelled, CommandLine, Line
from prewatt_simulator.modem.network import NETWORK_TIMEOUT, Network, SendOutcome
from prewatt_simulator.modem.pdu import Submit
from prewatt_simulator.modem.port import Port
from prewatt_simulator.modem.schedule import Schedule
from prewatt_simulator.modem.settings import Settings
from prewatt_simulator.modem.store import Store
from prewatt_simulator.modem.unsolicited_results import UnsolicitedResults

INPUT_OCTETS_MAX = 4096
"""Input kept while a message is being sent; further octets are lost, as in a small receive buffer."""
OUTPUT_OCTETS_MAX = 65536
"""Output kept until it is fetched; the oldest octets are lost first."""


class Modem:
    """A GSM modem in PDU mode. Everything random comes from `seed`; with a `pin` its card requires it.

    `zone` is the time zone of time stamps in reports and incoming messages. `card` and `network` can be changed at any
    time; the next command uses the new state.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        seed: int = 1,
        *,
        pin: str | None = None,
        zone: str = "Asia/Shanghai",
    ) -> None:
        self.clock: Clock = RealClock() if clock is None else clock
        self.card = Card(pin)
        self.network = Network(seed, self._advance)
        self.inbox = Inbox()
        self.identity = identity_of(seed)
        self.present = True
        self.on_change: Callable[[], None] | None = None
        """Called when there may be output, or when `next_due_s` may have changed."""
        self._zone = ZoneInfo(zone)
        self._rng = random.Random(f"{seed}/noise")
        self._reference = random.Random(f"{seed}/reference").randrange(256)
        self._settings = Settings()
        store = Store()
        self._interpreter = Interpreter(self._settings, self.card, self.network, store, self.identity)
        self._schedule = Schedule()
        self._line = Line()
        self._input = b""
        self._output = bytearray()
        self._results = UnsolicitedResults()
        self._incoming = Incoming(self._settings, store, self._results, self._interpreter.client_pdu)
        self._reported_registration = registration_of(self.card, self.network)
        self._power_cycle = 0
        """Number of unpluggings, so that a message begun before one is not answered after it."""
        self._sending = False
        self._noise = 0
        self._now_s = self.clock.time()

    # the client's side

    @asynccontextmanager
    async def on_pty(self) -> AsyncIterator[str]:
        """Serve the modem on a pseudo-terminal; yields its path, which does not exist while the modem is unplugged."""
        if self.on_change is not None:
            raise PortOpen
        with Port(self) as port:
            self.on_change = port.update
            try:
                port.update()
                yield port.path
            finally:
                self.on_change = None

    def receive(self, data: bytes) -> None:
        """Take input of the client; ignored while unplugged."""
        if self.present:
            self._input += data
            self._advance()

    def tick(self, due_s: float | None = None) -> None:
        """Run what is due up to the clock's present; to `due_s`, if a timer for that moment fired a little early."""
        self._advance(due_s)

    def data_to_send(self) -> bytes:
        """Output since the last call."""
        data = bytes(self._output)
        self._output.clear()
        return data

    @property
    def next_due_s(self) -> float | None:
        """Time at which `tick` has something to run; None when nothing waits."""
        return self._schedule.next_due_s

    # the test's side

    def deliver(self, number: str, text: str) -> int:
        """Send a text from `number` to the modem; the network keeps it until delivery. Returns the number of parts."""
        parts = self._incoming.add_text(number, text, self._local_now())
        self._advance()
        return parts

    def emit(self, line: str) -> None:
        """Emit an unsolicited line; does nothing while unplugged."""
        if self.present:
            self._results.add(line, by_mode=False)
        self._advance()

    def make_noise(self, every_s: float | None) -> None:
        """Emit unsolicited lines at random, every `every_s` on average; None stops them. Never a RING."""
        if every_s is not None:
            DURATION_S.check("every_s", every_s)
        self._noise += 1
        if every_s is not None:
            self._schedule_noise(self._noise, every_s)
        self._advance()

    def unplug(self) -> None:
        """Unplug the modem: the port closes, messages in progress are not sent, settings are lost."""
        self.present = False
        self._power_cycle += 1
        self._sending = False
        self._line = Line()
        self._interpreter.cancel()
        self._settings.reset()
        self.card.power_cut()
        self._input = b""
        self._output.clear()
        self._results.clear()
        self._advance()

    def plug_in(self) -> None:
        """Plug the modem in again: powered on, at the same path."""
        self.present = True
        self._advance()

    # inside

    def _advance(self, due_s: float | None = None) -> None:
        """Run everything that is due now, at one moment: an action without delay is run in the same call."""
        self._now_s = self.clock.time()
        until_s = self._now_s if due_s is None else max(self._now_s, due_s)
        self._schedule.run(until_s)
        data, at = self._input, 0
        while at < len(data) and not self._sending:
            at = self._type(data, at)
            self._schedule.run(until_s)
        self._input = data[at : at + INPUT_OCTETS_MAX]
        self._report_registration()
        self._fetch_from_network()
        self._emit_results()
        if self.on_change is not None:
            self.on_change()

    def _type(self, data: bytes, at: int) -> int:
        """Process input from `at` to the end of a line or message; return that position."""
        echo, at, entered = self._line.take(data, at, echo=self._settings.echo)
        self._put(echo)
        match entered:
            case CommandLine(text):
                if answer := self._interpreter.run(text):
                    self._answer(answer)
            case Body(text):
                self._send(text)
            case Cancelled():
                self._interpreter.cancel()
                self._answer(Answer((), "OK"))
        return at

    def _send(self, text: str | None) -> None:
        try:
            submit = self._interpreter.submit(text)
        except MessageError as error:
            self._answer(Answer((), error.result(self._settings.error_style)))
            return
        # counted for every SMS-SUBMIT, refused by the network or not (3GPP TS 23.040 §9.2.3.6)
        reference, self._reference = self._reference, (self._reference + 1) % 256
        outcome = self.network.outcome_of(submit.number)
        self._sending = True
        finish = partial(self._finish, self._power_cycle, submit, reference, outcome)
        self._schedule.at(self._now_s + outcome.answer_after_s, finish)

    def _finish(self, power_cycle: int, submit: Submit, reference: int, outcome: SendOutcome) -> None:
        if power_cycle != self._power_cycle:
            return
        # the signal may have gone between sending and answer
        if not self.network.reachable:
            outcome = SendOutcome(0, cause=NETWORK_TIMEOUT, arrives=False, status=None)
        self._sending = False
        if outcome.arrives:
            self.inbox.take(submit, reference, self.clock.now())
        if submit.report_asked and outcome.status is not None and not self._schedule.full:
            report = partial(self._report, submit.number, reference, outcome.status, self._local_now())
            self._schedule.at(self._now_s + self.network.report_s, report)
        if outcome.cause is None:
            self._answer(Answer((f"+CMGS: {reference}",), "OK"))
        else:
            self._answer(Answer((), MessageError(outcome.cause).result(self._settings.error_style)))

    def _report(self, number: str, reference: int, status: int, sent_at: datetime) -> None:
        self._incoming.add_report(number, reference, status, sent_at, self._local_now())

    def _fetch_from_network(self) -> None:
        if self.present and self.card.state is CardState.READY and self.network.reachable:
            self._incoming.fetch()

    def _report_registration(self) -> None:
        now = registration_of(self.card, self.network)
        if now != self._reported_registration and self._settings.registration_reporting:
            self._results.add(f"+CREG: {now:d}", by_mode=False)
        self._reported_registration = now

    def _schedule_noise(self, noise: int, every_s: float) -> None:
        due_s = self.clock.time() + self._rng.expovariate(1 / every_s)
        self._schedule.at(due_s, partial(self._make_noise, noise, every_s))

    def _make_noise(self, noise: int, every_s: float) -> None:
        if noise != self._noise:
            return
        level = self._rng.randrange(32)
        kinds = (f"^RSSI:{level}", f"+CIEV: 1,{level // 7}", f"^BOOT:{level},0,0,0,20")
        if self.present:
            self._results.add(self._rng.choice(kinds), by_mode=False)
        self._schedule_noise(noise, every_s)

    def _emit_results(self) -> None:
        """Emit buffered unsolicited results, unless a line is incomplete (3GPP TS 27.005 §3.4.1)."""
        if self.present and not self._line.busy:
            for text in self._results.take(self._settings.indication_mode):
                self._put(f"\r\n{text}\r\n".encode())

    def _answer(self, answer: Answer) -> None:
        for block in answer.lines:
            self._put(f"\r\n{block}\r\n".encode())
        if answer.result is None:
            self._line.prompt()
            self._put(b"\r\n> ")
        else:
            self._put(f"\r\n{answer.result}\r\n".encode())

    def _put(self, data: bytes) -> None:
        self._output += data
        del self._output[:-OUTPUT_OCTETS_MAX]

    def _local_now(self) -> datetime:
        return self.clock.now().astimezone(self._zone)
