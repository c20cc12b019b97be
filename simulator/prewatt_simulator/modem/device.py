"""The modem: input from the client, the network, and unsolicited results, on one clock.

The core is without input and output: bytes go in by `receive`, time by `tick`, bytes come out by `data_to_send`. The
port carries them. What messages became is in `inbox`.
"""

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from prewatt_fixtures.clock import Clock, RealClock
from prewatt_simulator.modem.card import Card, CardState
from prewatt_simulator.modem.errors import MessageError, PortOpen
from prewatt_simulator.modem.general import identity_of, registration_of
from prewatt_simulator.modem.inbox import Inbox
from prewatt_simulator.modem.incoming import Incoming
from prewatt_simulator.modem.interpreter import Answer, Interpreter
from prewatt_simulator.modem.line import Body, Cancelled, CommandLine, Line
from prewatt_simulator.modem.network import NETWORK_TIMEOUT, Fate, Network
from prewatt_simulator.modem.pdu import Submit
from prewatt_simulator.modem.port import Port
from prewatt_simulator.modem.schedule import Schedule
from prewatt_simulator.modem.settings import Settings
from prewatt_simulator.modem.store import Store
from prewatt_simulator.modem.unsolicited_results import News

HELD_OCTETS_MAX = 4096
"""What is typed while a message is on its way and waits for it; more is lost, as in a small receive buffer."""
OUTPUT_OCTETS_MAX = 65536
"""What nobody fetched; the oldest is lost first."""


class Modem:
    """A GSM modem in PDU mode. One seed fixes everything random in it; with a `pin` its card asks for it.

    `zone` is the time zone of the time stamps in reports and incoming messages. `card` and `network` can be changed
    at any moment, and what they become is what the next command meets.
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
        self.network = Network(seed, self._fires)
        self.inbox = Inbox()
        self.identity = identity_of(seed)
        self.present = True
        self.on_turn: Callable[[], None] | None = None
        """Called when there may be bytes to send or another time to wait for."""
        self._zone = ZoneInfo(zone)
        self._rng = random.Random(f"{seed}/noise")
        self._reference = random.Random(f"{seed}/reference").randrange(256)
        self._settings = Settings()
        store = Store()
        self._interpreter = Interpreter(self._settings, self.card, self.network, store, self.identity)
        self._schedule = Schedule()
        self._line = Line()
        self._held = b""
        self._output = bytearray()
        self._news = News()
        self._incoming = Incoming(self._settings, store, self._news, self._interpreter.shown_pdu)
        self._told_registration = registration_of(self.card, self.network)
        self._life = 0
        """Counts losses, so that what was begun in an earlier life does not end in this one."""
        self._sending = False
        self._noise = 0
        self._now_s = self.clock.time()

    # the client's side

    @asynccontextmanager
    async def on_pty(self) -> AsyncIterator[str]:
        """The modem on a pseudo-terminal: the path to open. The path is gone while the modem is lost."""
        if self.on_turn is not None:
            raise PortOpen
        with Port(self) as port:
            self.on_turn = port.turn
            try:
                port.turn()
                yield port.path
            finally:
                self.on_turn = None

    def receive(self, data: bytes) -> None:
        """The client typed something."""
        if self.present:
            self._held += data
            self._fires()

    def tick(self, due_s: float | None = None) -> None:
        """Time has passed: until `due_s` for one who waited for that moment, else until the clock's now."""
        self._fires(due_s)

    def data_to_send(self) -> bytes:
        """Bytes for the client since the last call."""
        data = bytes(self._output)
        self._output.clear()
        return data

    @property
    def next_due_s(self) -> float | None:
        """When `tick` will have something to do."""
        return self._schedule.next_due_s

    # the test's side

    def deliver(self, number: str, text: str) -> int:
        """Send a text to the modem; the network keeps it until it can be delivered. Returns the number of parts."""
        parts = self._incoming.add_text(number, text, self._local_now())
        self._fires()
        return parts

    def say(self, line: str) -> None:
        """Emit an unsolicited line, if the modem is plugged in."""
        if self.present:
            self._news.tell(line, by_mode=False)
        self._fires()

    def make_noise(self, every_s: float | None) -> None:
        """Emit unsolicited lines every so many seconds on average; None stops it. Never a RING."""
        self._noise += 1
        if every_s is not None:
            self._plan_noise(self._noise, every_s)
        self._fires()

    def lose(self) -> None:
        """Unplug: the port closes, queued messages are not sent, settings are lost."""
        self.present = False
        self._life += 1
        self._sending = False
        self._line = Line()
        self._interpreter.cancel()
        self._settings.reset()
        self.card.power_cut()
        self._held = b""
        self._output.clear()
        self._news.clear()
        self._fires()

    def restore(self) -> None:
        """Plug it in again: powered on, on the same path."""
        self.present = True
        self._fires()

    # inside

    def _fires(self, due_s: float | None = None) -> None:
        """Do all that can be done now. It is one moment from begin to end, so what takes no time is done in it."""
        self._now_s = self.clock.time()
        until_s = self._now_s if due_s is None else max(self._now_s, due_s)
        self._schedule.run(until_s)
        data, at = self._held, 0
        while at < len(data) and not self._sending:
            at = self._type(data, at)
            self._schedule.run(until_s)
        self._held = data[at : at + HELD_OCTETS_MAX]
        self._tell_registration()
        self._fetch_from_network()
        self._speak()
        if self.on_turn is not None:
            self.on_turn()

    def _type(self, data: bytes, at: int) -> int:
        """Input from `at` up to the end of a line or message, and that position."""
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
        reference, self._reference = self._reference, (self._reference + 1) % 256
        fate = self.network.carry(submit.number)
        self._sending = True
        finish = partial(self._finish, self._life, submit, reference, fate)
        self._schedule.at(self._now_s + fate.answer_after_s, finish)

    def _finish(self, life: int, submit: Submit, reference: int, fate: Fate) -> None:
        if life != self._life:
            return
        if not self.network.reachable:
            fate = Fate(0, cause=NETWORK_TIMEOUT, arrives=False, status=None)
        self._sending = False
        if fate.arrives:
            self.inbox.take(submit, reference, self.clock.now())
        if submit.report_asked and fate.status is not None and not self._schedule.full:
            report = partial(self._report, submit.number, reference, fate.status, self._local_now())
            self._schedule.at(self._now_s + self.network.report_s, report)
        if fate.cause is None:
            self._answer(Answer((f"+CMGS: {reference}",), "OK"))
        else:
            self._answer(Answer((), MessageError(fate.cause).result(self._settings.error_style)))

    def _report(self, number: str, reference: int, status: int, sent_at: datetime) -> None:
        self._incoming.add_report(number, reference, status, sent_at, self._local_now())

    def _fetch_from_network(self) -> None:
        if self.present and self.card.state is CardState.READY and self.network.reachable:
            self._incoming.fetch()

    def _tell_registration(self) -> None:
        now = registration_of(self.card, self.network)
        if now != self._told_registration and self._settings.registration_news:
            self._news.tell(f"+CREG: {now:d}", by_mode=False)
        self._told_registration = now

    def _plan_noise(self, noise: int, every_s: float) -> None:
        due_s = self.clock.time() + self._rng.expovariate(1 / every_s)
        self._schedule.at(due_s, partial(self._make_noise, noise, every_s))

    def _make_noise(self, noise: int, every_s: float) -> None:
        if noise != self._noise:
            return
        level = self._rng.randrange(32)
        kinds = (f"^RSSI:{level}", f"+CIEV: 1,{level // 7}", f"^BOOT:{level},0,0,0,20")
        if self.present:
            self._news.tell(self._rng.choice(kinds), by_mode=False)
        self._plan_noise(noise, every_s)

    def _speak(self) -> None:
        """Emit unsolicited results, unless a line is being typed."""
        if self.present and not self._line.busy:
            for text in self._news.take(self._settings.news_mode):
                self._put(f"\r\n{text}\r\n".encode())

    def _answer(self, answer: Answer) -> None:
        for block in answer.told:
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
