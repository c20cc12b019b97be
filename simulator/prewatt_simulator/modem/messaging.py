"""Commands of the message service in PDU mode; text mode is refused.

Source: 3GPP TS 27.005 §3.2 (+CSMS, +CPMS, +CMGF), §3.3 (+CSCA), §3.4 (+CNMI, +CNMA), §3.5.4 (+CMGD), §4.1 to
§4.3 (+CMGL, +CMGR, +CMGS). Left out: sending from store, broadcast, +CMGW, +CMSS, status reports that are stored (+CDSI).
"""

import re

from prewatt_simulator.modem.card import Card, CardState
from prewatt_simulator.modem.command import Command, Form
from prewatt_simulator.modem.errors import BadNumber, MessageError, PduError
from prewatt_simulator.modem.fields import check_number, encode_service_centre
from prewatt_simulator.modem.general import Handler, query_lines
from prewatt_simulator.modem.network import Network
from prewatt_simulator.modem.pdu import Submit, decode_submit
from prewatt_simulator.modem.settings import Settings
from prewatt_simulator.modem.store import ALL, PLACES, READ, Store

_BODY_OCTETS_MAX = 164
_INTERNATIONAL, _UNKNOWN = 145, 129
_HEX = re.compile(r"(?:[0-9A-F]{2})+", re.IGNORECASE)

_NOT_ALLOWED, _NOT_SUPPORTED, _BAD_PDU, _BAD_PLACE = 302, 303, 304, 321
_NO_SERVICE_CENTRE, _NO_SERVICE, _NOTHING_TO_ACKNOWLEDGE = 330, 331, 340


class MessageCommands:
    """Handlers of the message commands by name. `announced` is the length in octets that +CMGS expects at the prompt."""

    def __init__(self, settings: Settings, card: Card, network: Network, store: Store) -> None:
        self._settings = settings
        self._card = card
        self._network = network
        self._store = store
        self.announced: int | None = None
        self.table: dict[str, Handler] = {
            "+CMGD": self._delete,
            "+CMGF": self._format,
            "+CMGL": self._list,
            "+CMGR": self._read,
            "+CMGS": self._send,
            "+CNMA": self._acknowledge,
            "+CNMI": self._indications,
            "+CPMS": self._memory,
            "+CSCA": self._service_centre,
            "+CSMS": self._service,
        }

    def submit(self, text: str | None) -> Submit:
        """Take the message body typed at the prompt. Raises `MessageError` when it cannot be sent."""
        announced, self.announced = self.announced, None
        assert announced is not None, "there was a prompt"
        self._need_card()
        if text is None or not _HEX.fullmatch(text):
            raise MessageError(_BAD_PDU)
        try:
            submit = decode_submit(bytes.fromhex(text), announced)
        except PduError as error:
            raise MessageError(_BAD_PDU) from error
        if submit.service_centre is None and self._card.service_centre is None:
            raise MessageError(_NO_SERVICE_CENTRE)
        if not self._network.reachable:
            raise MessageError(_NO_SERVICE)
        return submit

    def client_pdu(self, body: bytes) -> tuple[int, str]:
        """Length in octets and hexadecimal digits of a message; the digits start with the service centre's address."""
        return len(body), (encode_service_centre(self._card.service_centre) + body).hex().upper()

    def _send(self, command: Command) -> list[str]:
        if command.form is Form.TEST:
            return []
        self._need_card()
        self.announced = command.number(0, range(1, _BODY_OCTETS_MAX + 1))
        return []

    def _format(self, command: Command) -> list[str]:
        if command.form is Form.SET:
            if command.number(0, range(2), default=0):
                raise MessageError(_NOT_SUPPORTED)
            return []
        return query_lines(command, "(0)", "0")

    def _service(self, command: Command) -> list[str]:
        settings = self._settings
        if command.form is Form.SET:
            settings.service = command.number(0, range(2))
            settings.unacknowledged = 0
            return ["+CSMS: 1,1,0"]
        return query_lines(command, "(0,1)", f"{settings.service},1,1,0")

    def _service_centre(self, command: Command) -> list[str]:
        self._need_card()
        card = self._card
        if command.form is Form.SET:
            number = command.text(0) or ""
            international = command.number(1, range(256), default=_UNKNOWN) == _INTERNATIONAL
            try:
                card.service_centre = check_number(
                    f"+{number.removeprefix('+')}" if international else number
                )
            except BadNumber as error:
                raise MessageError(_NO_SERVICE_CENTRE) from error
            return []
        if command.form is Form.TEST:
            return []
        number = card.service_centre or ""
        return query_lines(
            command, "", f'"{number}",{_INTERNATIONAL if number.startswith("+") else _UNKNOWN}'
        )

    def _indications(self, command: Command) -> list[str]:
        settings = self._settings
        if command.form is Form.SET:
            mode, messages = command.number(0, range(3), default=0), command.number(1, range(3), default=0)
            command.number(2, range(1), default=0)
            reports = command.number(3, range(2), default=0)
            command.number(4, range(1), default=0)
            settings.indication_mode, settings.message_indication, settings.report_indication = (
                mode,
                messages,
                reports,
            )
            return []
        now = f"{settings.indication_mode},{settings.message_indication},0,{settings.report_indication},0"
        return query_lines(command, "(0-2),(0-2),(0),(0,1),(0)", now)

    def _acknowledge(self, command: Command) -> list[str]:
        if command.form is Form.TEST:
            return ["+CNMA: (0)"]
        if command.form is Form.SET:
            command.number(0, range(1))
        if not self._settings.unacknowledged:
            raise MessageError(_NOTHING_TO_ACKNOWLEDGE)
        self._settings.unacknowledged -= 1
        return []

    def _memory(self, command: Command) -> list[str]:
        self._need_card()
        used = f"{len(self._store)},{PLACES}"
        if command.form is Form.SET:
            if {value for value in command.values if value} != {"SM"}:
                raise MessageError(_NOT_ALLOWED)
            return [f"+CPMS: {used},{used},{used}"]
        place = f'"SM",{used}'
        return query_lines(command, '("SM"),("SM"),("SM")', f"{place},{place},{place}")

    def _list(self, command: Command) -> list[str]:
        if command.form is Form.TEST:
            return ["+CMGL: (0-4)"]
        self._need_card()
        state = command.number(0, range(ALL + 1), default=0)
        return [self._line(f"+CMGL: {place},", place) for place in self._store.select(state)]

    def _read(self, command: Command) -> list[str]:
        if command.form is Form.TEST:
            return []
        self._need_card()
        return [self._line("+CMGR: ", command.number(0, range(1, 256)))]

    def _line(self, head: str, place: int) -> str:
        found = self._store.read(place)
        if found is None:
            raise MessageError(_BAD_PLACE)
        stored, state = found
        length, pdu = self.client_pdu(stored.body)
        return f"{head}{state},,{length}\r\n{pdu}"

    def _delete(self, command: Command) -> list[str]:
        if command.form is Form.TEST:
            return [f"+CMGD: (1-{PLACES}),(0-4)"]
        self._need_card()
        place, which = command.number(0, range(PLACES + 1)), command.number(1, range(ALL + 1), default=0)
        if not which and not place:
            raise MessageError(_BAD_PLACE)
        # flags 1 to 3 differ in sent messages only, and this store has received ones only (§3.5.4)
        for each in self._store.select(ALL if which == ALL else READ) if which else [place]:
            self._store.remove(each)
        return []

    def _need_card(self) -> None:
        if self._card.state is not CardState.READY:
            raise MessageError(self._card.state.message_error)
