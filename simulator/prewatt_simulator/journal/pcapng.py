"""Exports a journal as a pcapng capture for Wireshark and tshark, with verdict and fault as packet comments.

Every bus is an interface and a TCP conversation of one client with one gateway, over IPv4 without a link layer.
Packets contain the frames of the bus before faults on the reply's way; the comment then contains the bytes that left.
Modbus TCP uses port 502, which the dissector knows. RTU uses `RTU_PORT`, which it has to be told:
`tshark -d tcp.port==15001,mbrtu -o mbrtu.tcp.port:15001`. Format: draft-ietf-opsawg-pcapng.
"""

import struct
from collections.abc import Iterable, Iterator

from prewatt_fixtures.endpoints import Framing
from prewatt_fixtures.wire import mbap, rtu
from prewatt_simulator.journal.frames import Frame, timeline
from prewatt_simulator.journal.journal import Journal, PortEvent

RTU_PORT = 15001
"""Server port of RTU conversations."""
_TCP_PORT = 502
_CLIENT_PORT = 40_000
_CLIENT = bytes((10, 0, 0, 1))
_LINKTYPE_RAW = 101
"""Packets start with their IP header (tcpdump.org link types)."""
_SECTION, _INTERFACE, _PACKET = 0x0A0D0D0A, 1, 6
"""Block types: section header, interface description, enhanced packet (draft §4.1, §4.2, §4.3)."""
_COMMENT, _INTERFACE_NAME = 1, 2
"""Option codes (draft §3.5, §4.2)."""
_PUSH_ACK = 0x18
_TCP = 6


def to_pcapng(journal: Journal, framing: Framing = "tcp") -> bytes:
    """The whole journal as one capture."""
    return b"".join(Capture(framing).blocks(timeline(journal)))


class Capture:
    """Encodes one capture; frames may be passed in several calls."""

    def __init__(self, framing: Framing = "tcp") -> None:
        self._framing = framing
        self._begun = False
        self._conversations: dict[tuple[str, int], _Conversation] = {}

    def blocks(self, seen: Iterable[Frame | PortEvent]) -> Iterator[bytes]:
        """Blocks of these frames, with the section header first and an interface before its first packet.

        Port events are no packets and have none.
        """
        if not self._begun:
            self._begun = True
            # byte order, version 1.0, length of the section unknown
            yield _block(_SECTION, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
        for frame in seen:
            if isinstance(frame, PortEvent):
                continue
            bus = (frame.entry.gateway, frame.entry.port)
            conversation = self._conversations.get(bus)
            if conversation is None:
                conversation = _Conversation(
                    len(self._conversations), _TCP_PORT if self._framing == "tcp" else RTU_PORT
                )
                self._conversations[bus] = conversation
                yield _interface(f"{bus[0]}/{bus[1]}")
            yield self._packet(frame, conversation)

    def _packet(self, frame: Frame, conversation: "_Conversation") -> bytes:
        packet = conversation.packet(self._bytes(frame, conversation), reply=frame.reply)
        micros = round(frame.at * 1_000_000)
        head = struct.pack(
            "<IIIII", conversation.index, micros >> 32, micros & 0xFFFF_FFFF, len(packet), len(packet)
        )
        return _block(_PACKET, head + _padded(packet) + _option(_COMMENT, _comment(frame)) + bytes(4))

    def _bytes(self, frame: Frame, conversation: "_Conversation") -> bytes:
        unit = frame.entry.unit
        if unit is None:
            return frame.pdu
        if self._framing == "rtu":
            return rtu.encode(unit, frame.pdu)
        if not frame.reply:
            conversation.transaction = (conversation.transaction + 1) & 0xFFFF
        return mbap.encode(conversation.transaction, unit, frame.pdu)


class _Conversation:
    """One client and one bus: addresses, ports, and the sequence number of each side."""

    def __init__(self, index: int, port: int) -> None:
        self.index = index
        self.transaction = 0
        self._port = port
        # a private address of its own per bus: the dissector tells conversations apart by address and port
        self._gateway = bytes((10, 1 + (index >> 16 & 0x7F), index >> 8 & 0xFF, index & 0xFF))
        self._sent = [1, 1]

    def packet(self, data: bytes, *, reply: bool) -> bytes:
        """An IPv4 packet with a TCP segment of `data`, with valid checksums and sequence numbers."""
        ports = (self._port, _CLIENT_PORT) if reply else (_CLIENT_PORT, self._port)
        hosts = (self._gateway, _CLIENT) if reply else (_CLIENT, self._gateway)
        sequence, acknowledged = self._sent[reply], self._sent[not reply]
        self._sent[reply] = (sequence + len(data)) & 0xFFFF_FFFF
        tcp = struct.pack(">HHIIBBHHH", *ports, sequence, acknowledged, 5 << 4, _PUSH_ACK, 0xFFFF, 0, 0)
        pseudo = b"".join(hosts) + struct.pack(">BBH", 0, _TCP, len(tcp) + len(data))
        tcp = tcp[:16] + _checksum(pseudo + tcp + data) + tcp[18:]
        ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp) + len(data), 0, 0, 64, _TCP, 0) + b"".join(hosts)
        return ip[:10] + _checksum(ip) + ip[12:] + tcp + data


def _comment(frame: Frame) -> str:
    entry = frame.entry
    words = [entry.meter or "nobody", entry.verdict.value]
    if entry.fault is not None:
        words.append(f"fault {entry.fault}")
    if frame.reply and entry.sent is not None:
        words.append(f"left as {' | '.join(segment.hex() for segment in entry.sent) or 'nothing'}")
    return ", ".join(words)


def _interface(name: str) -> bytes:
    return _block(
        _INTERFACE, struct.pack("<HHI", _LINKTYPE_RAW, 0, 0) + _option(_INTERFACE_NAME, name) + bytes(4)
    )


def _block(kind: int, body: bytes) -> bytes:
    size = 12 + len(body)
    return struct.pack("<II", kind, size) + body + struct.pack("<I", size)


def _option(code: int, text: str) -> bytes:
    data = text.encode()
    return struct.pack("<HH", code, len(data)) + _padded(data)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def _checksum(data: bytes) -> bytes:
    """The internet checksum (RFC 1071)."""
    words = struct.unpack(f">{len(data) // 2 + len(data) % 2}H", data + bytes(len(data) % 2))
    total: int = sum(words)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return (total ^ 0xFFFF).to_bytes(2, "big")
