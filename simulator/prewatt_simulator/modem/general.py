"""Commands about the modem itself, its card and its network.

Source: ITU-T V.250 §6.1 and §6.2 (E, I, Q, V, Z), 3GPP TS 27.007 §5 (identity, +CSCS), §7.2 (+CREG), §7.3 (+COPS), §8.3
(+CPIN), §8.5 (+CSQ), §9.1 (+CMEE). Commands that message clients do not use are left out.
"""

import random
from collections.abc import Callable
from typing import NamedTuple

from prewatt_simulator.modem.card import Card, CardState
from prewatt_simulator.modem.command import Command, Form
from prewatt_simulator.modem.errors import AtError, MobileError
from prewatt_simulator.modem.network import Network, Registration
from prewatt_simulator.modem.settings import Settings

Handler = Callable[[Command], list[str]]

_NOT_SUPPORTED = 4
_CHARACTER_SETS = {"GSM", "IRA"}
_NUMERIC = 2
_BASIC_VALUES = {"I": range(10), "H": range(1), "V": range(1, 2), "Q": range(1), "&F": range(1)}
"""Basic commands that are accepted with these values and change nothing."""


class Identity(NamedTuple):
    """Identity of the modem."""

    manufacturer: str
    model: str
    revision: str
    serial: str


def identity_of(seed: int) -> Identity:
    """An identity with an IMEI from the seed, of test equipment: it begins with 00 (3GPP TS 23.003 §6.2, annex B)."""
    # the last digit is the Luhn check digit
    digits = f"00101700{random.Random(f'{seed}/imei').randrange(10**6):06}"
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(digits))
    check = -sum(value // 10 + value % 10 for value in doubled) % 10
    return Identity("prewatt", "SMS modem", "1", f"{digits}{check}")


class GeneralCommands:
    """Handlers of the general commands by name."""

    def __init__(self, settings: Settings, card: Card, network: Network, identity: Identity) -> None:
        self._settings = settings
        self._card = card
        self._network = network
        self._identity = identity
        self.table: dict[str, Handler] = {
            "E": self._echo,
            **dict.fromkeys(_BASIC_VALUES, self._basic),
            **self._identity_table(),
            "+CIMI": self._imsi,
            "+CMEE": self._error_style,
            "+COPS": self._operator,
            "+CPIN": self._pin,
            "+CPINR": self._tries,
            "+CREG": self._registration,
            "+CSCS": self._character_set,
            "+CSQ": self._signal,
        }

    def _identity_table(self) -> dict[str, Handler]:
        identity = self._identity
        return {
            name: _fixed_value(value)
            for names, value in (
                (("+CGMI", "+GMI"), identity.manufacturer),
                (("+CGMM", "+GMM"), identity.model),
                (("+CGMR", "+GMR"), identity.revision),
                (("+CGSN", "+GSN"), identity.serial),
            )
            for name in names
        }

    def _echo(self, command: Command) -> list[str]:
        self._settings.echo = bool(command.number(0, range(2), default=0))
        return []

    def _basic(self, command: Command) -> list[str]:
        allowed = _BASIC_VALUES[command.name]
        command.number(0, allowed, default=allowed[0])
        if command.name != "I":
            return []
        identity = self._identity
        return [f"{identity.manufacturer}\r\n{identity.model}\r\n{identity.revision}"]

    def _imsi(self, command: Command) -> list[str]:
        if command.form is Form.EXECUTE:
            self._need_card()
        return _fixed_value(self._card.imsi)(command)

    def _error_style(self, command: Command) -> list[str]:
        settings = self._settings
        if command.form is Form.SET:
            settings.error_style = command.number(0, range(3), default=0)
            return []
        return query_lines(command, "(0-2)", f"{settings.error_style}")

    def _operator(self, command: Command) -> list[str]:
        self._need_card()
        network, settings = self._network, self._settings
        if command.form is Form.SET:
            mode = command.number(0, range(5))
            if mode not in {0, 3}:  # automatic selection; set the format only
                raise MobileError(_NOT_SUPPORTED)
            settings.operator_format = command.number(1, range(0, 3, 2), default=settings.operator_format)
            return []
        number = self._card.imsi[:5]
        name = number if settings.operator_format == _NUMERIC else network.name
        found = f',{settings.operator_format},"{name}"' if network.reachable else ""
        listed = f'(2,"{network.name}","{network.name}","{number}"),,(0,3),(0,2)'
        return query_lines(command, listed, f"0{found}")

    def _pin(self, command: Command) -> list[str]:
        card = self._card
        if command.form is Form.SET:
            card.enter(command.text(0) or "", command.text(1))
            return []
        if command.form is Form.TEST:
            return []
        if not card.state.code:
            raise MobileError(card.state.mobile_error)
        return query_lines(command, "", card.state.code)

    def _tries(self, command: Command) -> list[str]:
        if command.form is not Form.EXECUTE:
            raise AtError(command.name)
        card = self._card
        return [f"+CPINR: SIM PIN,{card.pin_tries}", f"+CPINR: SIM PUK,{card.puk_tries}"]

    def _registration(self, command: Command) -> list[str]:
        settings = self._settings
        if command.form is Form.SET:
            settings.registration_reporting = command.number(0, range(2), default=0)
            return []
        registration = registration_of(self._card, self._network)
        return query_lines(command, "(0,1)", f"{settings.registration_reporting},{registration:d}")

    def _character_set(self, command: Command) -> list[str]:
        # accepted and ignored: in PDU mode no text passes that a character set could change
        if command.form is Form.SET:
            if command.text(0) not in _CHARACTER_SETS:
                raise AtError(command.name)
            return []
        return query_lines(command, '("GSM","IRA")', '"IRA"')

    def _signal(self, command: Command) -> list[str]:
        if command.form is Form.TEST:
            return ["+CSQ: (0-31,99),(99)"]
        if command.form is not Form.EXECUTE:
            raise AtError(command.name)
        signal = self._network.signal
        return [f"+CSQ: {99 if signal is None else signal},99"]

    def _need_card(self) -> None:
        if self._card.state.mobile_error:
            raise MobileError(self._card.state.mobile_error)


def registration_of(card: Card, network: Network) -> Registration:
    """Registration state for +CREG; idle without an unlocked card."""
    return network.registration if card.state is CardState.READY else Registration.IDLE


def _fixed_value(value: str) -> Handler:
    def handle(command: Command) -> list[str]:
        if command.form is Form.TEST:
            return []
        if command.form is not Form.EXECUTE:
            raise AtError(command.name)
        return [value]

    return handle


def query_lines(command: Command, allowed: str, now: str) -> list[str]:
    """Response lines of the test and read forms. Raises `AtError` for another form."""
    if command.form is Form.TEST:
        return [f"{command.name}: {allowed}"]
    if command.form is Form.READ:
        return [f"{command.name}: {now}"]
    raise AtError(f"{command.name} needs a value")
