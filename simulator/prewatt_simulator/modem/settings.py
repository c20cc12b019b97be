"""Settings that the client makes; defaults after power-on and ATZ."""

from dataclasses import dataclass, fields

from prewatt_simulator.modem.errors import PLAIN


@dataclass(slots=True)
class Settings:
    """Values of the set commands, with the numbers of the standard."""

    echo: bool = True
    error_style: int = PLAIN
    """+CMEE."""
    registration_reporting: int = 0
    """+CREG: 1 reports changes."""
    operator_format: int = 0
    """+COPS: 0 name, 2 number."""
    service: int = 0
    """+CSMS: with 1, the client acknowledges a message or report routed to it by +CNMA."""
    indication_mode: int = 0
    """+CNMI <mode>: with 0, indications are buffered until the mode changes."""
    message_indication: int = 0
    """+CNMI <mt>: 0 store, 1 store and indicate the place, 2 route to the client."""
    report_indication: int = 0
    """+CNMI <ds>: 1 routes status reports to the client; with 0 they are dropped."""
    unacknowledged: int = 0
    """Messages and reports routed under service 1 and not acknowledged yet."""

    def reset(self) -> None:
        """Set everything to its default."""
        for field in fields(self):
            setattr(self, field.name, field.default)
