"""Settings made by the client; defaults after power-on and ATZ."""

from dataclasses import dataclass, fields

from prewatt_simulator.modem.errors import PLAIN


@dataclass(slots=True)
class Settings:
    """The values of the commands that set something; their numbers are the standard's."""

    echo: bool = True
    error_style: int = PLAIN
    """+CMEE."""
    registration_news: int = 0
    """+CREG: 1 tells changes."""
    operator_format: int = 0
    """+COPS: 0 name, 2 number."""
    service: int = 0
    """+CSMS: with 1, a message or report that is routed to the client wants +CNMA."""
    news_mode: int = 0
    """+CNMI <mode>: with 0, news is kept back until the mode changes."""
    message_news: int = 0
    """+CNMI <mt>: 0 store, 1 store and tell the place, 2 hand over."""
    report_news: int = 0
    """+CNMI <ds>: 1 hands status reports over; with 0 they are dropped."""
    unacknowledged: int = 0
    """What was handed over under service 1 and not acknowledged yet."""

    def reset(self) -> None:
        """Everything as after power-on."""
        for field in fields(self):
            setattr(self, field.name, field.default)
