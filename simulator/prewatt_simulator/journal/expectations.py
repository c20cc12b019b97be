"""Assertions on a journal: rules of a well-behaved client.

Each raises `ClientMisbehaved`, an AssertionError that lists the frames concerned. The journal is bounded: entries that
it no longer contains are not checked.
"""

from collections.abc import Iterable
from itertools import pairwise

from prewatt_fixtures.wire import pdu as modbus
from prewatt_simulator.errors import SimulatorError
from prewatt_simulator.journal.export import text_line
from prewatt_simulator.journal.frames import Frame, frames
from prewatt_simulator.journal.journal import MALFORMED, OVERLAP, Entry, Journal, PortEvent, Verdict

_SHOWN_MAX = 10
"""Frames that an error lists."""
_READS = frozenset({modbus.READ_COILS, modbus.READ_DISCRETE, modbus.READ_HOLDING, modbus.READ_INPUT})
_SILENT = frozenset(
    {Verdict.ABSENT, Verdict.REQUEST_LOST, Verdict.REPLY_LOST, Verdict.HELD, Verdict.COLLIDED}
)
_NOT_ASKED = MALFORMED | {Verdict.HEARD_LATE}


class ClientMisbehaved(SimulatorError, AssertionError):
    """A client broke a rule. The message lists the frames."""

    def __init__(self, what: str, shown: Iterable[Frame | PortEvent]) -> None:
        lines = [text_line(each) for each in shown]
        more = [f"… and {len(lines) - _SHOWN_MAX} more"] if len(lines) > _SHOWN_MAX else []
        super().__init__("\n  ".join([f"{what}:", *lines[:_SHOWN_MAX], *more]))


def one_request_at_a_time(journal: Journal) -> None:
    """Assert that no bus received a request while another was in flight on it."""
    overlaps = [each for each in journal.port_events if each.what == OVERLAP]
    if overlaps:
        raise ClientMisbehaved(f"{len(overlaps)} requests came before the reply to the one before", overlaps)


def whole_frames_only(journal: Journal) -> None:
    """Assert that all bytes that arrived were whole frames: valid CRC, valid Modbus TCP header, no frame cut short."""
    malformed = [entry for entry in journal if entry.verdict in MALFORMED]
    if malformed:
        raise ClientMisbehaved(f"{len(malformed)} times bytes arrived that are no frame", _all(malformed))


def no_writes(journal: Journal, meter: str | None = None) -> None:
    """Assert that no request wrote to that meter, or to any."""
    writes = [entry for entry in _asked(journal, meter) if entry.function not in _READS]
    if writes:
        raise ClientMisbehaved(
            f"{len(writes)} writes to {meter or 'meters'} where none was to be", _all(writes)
        )


def writes_read_back(journal: Journal, meter: str | None = None) -> None:
    """Assert that every write is followed by a read of the same meter, before the next write to it."""
    unread = [
        write
        for asked in _by_meter(journal, meter)
        for write, following in pairwise([*asked, None])
        if write is not None
        and write.function not in _READS
        and (following is None or following.function not in _READS)
    ]
    if unread:
        raise ClientMisbehaved(f"{len(unread)} writes were not read back", _all(unread))


def no_blind_repeats(journal: Journal, meter: str | None = None) -> None:
    """Assert that no write is sent twice in a row, byte for byte, without another request to the meter in between."""
    repeats = [
        second
        for asked in _by_meter(journal, meter)
        for first, second in pairwise(asked)
        if second.function not in _READS and first.request == second.request
    ]
    if repeats:
        raise ClientMisbehaved(
            f"{len(repeats)} writes were repeated without a look at the meter", _all(repeats)
        )


def silent_asked_at_most_every(
    journal: Journal, interval_s: float, meter: str | None = None, attempts: int = 1
) -> None:
    """Assert that a silent device gets at most `attempts` requests in any `interval_s` until it answers again."""
    for asked in _by_meter(journal, meter):
        row: list[Entry] = []
        for entry in asked:
            row = [*row, entry] if entry.verdict in _SILENT else []  # an answer starts the count again
            window = row[-attempts - 1 :]
            if len(window) > attempts and window[-1].at - window[0].at < interval_s:
                took_s = window[-1].at - window[0].at
                what = f"{entry.meter or f'unit {entry.unit}'} is silent and was asked {len(window)} times"
                raise ClientMisbehaved(
                    f"{what} in {took_s:.3f} s, allowed {attempts} in {interval_s} s", _all(window)
                )


def _asked(journal: Journal, meter: str | None) -> list[Entry]:
    return [entry for entry in journal.requests(meter=meter) if entry.verdict not in _NOT_ASKED]


def _by_meter(journal: Journal, meter: str | None) -> Iterable[list[Entry]]:
    """Requests of each device, oldest first."""
    devices: dict[tuple[str, int, int | None], list[Entry]] = {}
    for entry in _asked(journal, meter):
        devices.setdefault((entry.gateway, entry.port, entry.unit), []).append(entry)
    return devices.values()


def _all(entries: Iterable[Entry]) -> list[Frame | PortEvent]:
    return [frame for entry in entries for frame in frames(entry)]
