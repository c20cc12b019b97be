"""File format of recordings: JSON lines, a header and then one exchange per line, in the order in which they ended.

Each line is flushed. A recorder that is killed may leave an incomplete last line, which a reader ignores; any other
damage is an error that names the line.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, Literal, NamedTuple, Self, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)

from prewatt_fixtures import strict_json
from prewatt_fixtures.bounds import GATEWAY_NUMBER, GATEWAY_PORT, SECONDS, whole
from prewatt_fixtures.clock import MOMENT
from prewatt_fixtures.endpoints import Framing
from prewatt_fixtures.validation import expected_words
from prewatt_fixtures.wire.pdu import PDU_BYTES_MAX
from prewatt_simulator.errors import RecordingError

VERSION = 1
_FORMAT = "prewatt recording"

Place = tuple[str, int]
"""A gateway's number and one of its ports: a bus."""


class Exchange(NamedTuple):
    """One request and its reply."""

    at_us: int
    """Microseconds from the recording's start to the request's last byte."""
    gateway: str
    port: int
    unit: int
    request: bytes
    """PDU, without unit id and CRC."""
    reply: bytes | None
    """PDU; None when no fitting reply arrived."""
    latency_us: int | None
    """Microseconds from the request to the end of the reply."""


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _from_hex(value: object) -> bytes:
    if not isinstance(value, str):
        raise ValueError("hexadecimal digits are expected")
    try:
        pdu = bytes.fromhex(value)
    except ValueError:
        raise ValueError(f"hexadecimal digits are expected, not {value!r}") from None
    if not 1 <= len(pdu) <= PDU_BYTES_MAX:
        raise ValueError(f"a PDU of 1 to {PDU_BYTES_MAX} bytes is expected, not {len(pdu)}")
    return pdu


_Pdu = Annotated[bytes, BeforeValidator(_from_hex)]
_Number = Annotated[str, GATEWAY_NUMBER]
_Port = Annotated[int, GATEWAY_PORT]


class _PlaceRow(_Line):
    gateway: _Number
    port: _Port


class _Header(_Line):
    format: Literal["prewatt recording"]
    version: Literal[1]
    start: Annotated[AwareDatetime, AfterValidator(MOMENT.valid)]
    framing: Framing
    places: tuple[_PlaceRow, ...] = Field(min_length=1)


class _ExchangeRow(_Line):
    at_s: Annotated[float, SECONDS]
    gateway: _Number
    port: _Port
    unit: Annotated[int, whole("a unit id", 0, 255)]
    request: _Pdu
    reply: _Pdu | None
    latency_s: Annotated[float, SECONDS] | None


_Row = TypeVar("_Row", bound=_Line)


class Recording(NamedTuple):
    """Exchanges recorded at one site from `start` on, by the time of their requests."""

    start: datetime
    framing: Framing
    places: tuple[Place, ...]
    exchanges: tuple[Exchange, ...]

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """The recording in a file. Raises `RecordingError`, which names the line, and OSError."""
        text = Path(path).read_text("utf-8", errors="replace")
        lines = _lines(text, str(path))
        header = next(lines, None)
        if header is None:
            raise RecordingError(str(path), 1, "a recording's header, not an empty file")
        head = _checked(_Header, *header, str(path))
        places = tuple((place.gateway, place.port) for place in head.places)
        exchanges = [_exchange(line, row, str(path), places) for line, row in lines]
        exchanges.sort(key=lambda exchange: exchange.at_us)
        return cls(head.start, head.framing, places, tuple(exchanges))

    @property
    def length_us(self) -> int:
        """Length in microseconds, to the end of the last reply."""
        return max((exchange.at_us + (exchange.latency_us or 0) for exchange in self.exchanges), default=0)


def _lines(text: str, file: str) -> Iterator[tuple[int, Any]]:
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        whole = number < len(lines)  # it ends with a line feed
        if not line and not whole:
            return
        try:
            yield number, strict_json.loads(line)
        except ValueError as wrong:
            if whole or number == 1:
                raise RecordingError(file, number, f"a JSON object is expected: {wrong}") from wrong


def _checked(model: type[_Row], line: int, row: Any, file: str) -> _Row:
    try:
        return model.model_validate(row)
    except ValidationError as wrong:
        first = wrong.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "line"
        raise RecordingError(file, line, f"{key}: {expected_words(first)}") from wrong


def _exchange(line: int, row: Any, file: str, places: tuple[Place, ...]) -> Exchange:
    row = _checked(_ExchangeRow, line, row, file)
    if (row.gateway, row.port) not in places:
        raise RecordingError(file, line, f"gateway: a place of the header, not {row.gateway}/{row.port}")
    latency_us = None if row.latency_s is None else _us(row.latency_s)
    return Exchange(_us(row.at_s), row.gateway, row.port, row.unit, row.request, row.reply, latency_us)


def _us(seconds: float) -> int:
    return round(seconds * 1e6)


class RecordingFile:
    """Writes a recording to a new file. Raises OSError when the file exists or cannot be written."""

    def __init__(self, path: Path, start: datetime, framing: Framing, places: tuple[Place, ...]) -> None:
        self._file = path.open("x", encoding="utf-8")
        self.exchanges = 0
        """Number of exchanges written."""
        head = {"format": _FORMAT, "version": VERSION, "start": start.isoformat(), "framing": framing}
        rows = [{"gateway": gateway, "port": port} for gateway, port in places]
        self._write(head | {"places": rows})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, wrong: BaseException | None, at: TracebackType | None
    ) -> None:
        self._file.close()

    def write(self, exchange: Exchange) -> None:
        """Append one exchange. Raises OSError."""
        self._write(
            {
                "at_s": exchange.at_us / 1e6,
                "gateway": exchange.gateway,
                "port": exchange.port,
                "unit": exchange.unit,
                "request": exchange.request.hex(),
                "reply": None if exchange.reply is None else exchange.reply.hex(),
                "latency_s": None if exchange.latency_us is None else exchange.latency_us / 1e6,
            }
        )
        self.exchanges += 1

    def _write(self, row: dict[str, Any]) -> None:
        self._file.write(json.dumps(row) + "\n")
        self._file.flush()
