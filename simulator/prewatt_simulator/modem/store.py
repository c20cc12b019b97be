"""Message store of the card: places for incoming messages, for +CPMS, +CMGL, +CMGR, +CMGD (3GPP TS 27.005 §3)."""

from dataclasses import dataclass

PLACES = 20
UNREAD, READ, ALL = 0, 1, 4


@dataclass(slots=True)
class Stored:
    """A stored message: the PDU without the service centre's address."""

    body: bytes
    state: int = UNREAD


class Store:
    """Places numbered from 1."""

    def __init__(self) -> None:
        self._places: dict[int, Stored] = {}

    def __len__(self) -> int:
        return len(self._places)

    def put(self, body: bytes) -> int | None:
        """Store a message and return its place; None when all are taken."""
        place = next((place for place in range(1, PLACES + 1) if place not in self._places), None)
        if place is not None:
            self._places[place] = Stored(body)
        return place

    def read(self, place: int) -> tuple[Stored, int] | None:
        """Message at a place and its previous state; marks it as read. None for an empty place."""
        stored = self._places.get(place)
        if stored is None:
            return None
        before, stored.state = stored.state, READ
        return stored, before

    def select(self, state: int) -> list[int]:
        """Places whose messages are in a state; all for `ALL`."""
        return sorted(place for place, stored in self._places.items() if state in {ALL, stored.state})

    def remove(self, place: int) -> None:
        """Empty a place."""
        self._places.pop(place, None)
