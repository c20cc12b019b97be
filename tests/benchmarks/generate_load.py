"""Closed-loop load on one TCP server: every connection sends a request, waits for the whole reply, sends the next.

Raw sockets and epoll in a process of its own, so that it costs less than any server it is pointed at. Prints one JSON
object: requests, seconds, the server's and everybody else's CPU seconds in the window, and this process's own.
"""

import argparse
import json
import os
import select
import socket
import time
from pathlib import Path

_PATIENCE_S = 10
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_NOT_BUSY = (3, 4)
"""Columns of /proc/stat that count time in which nobody ran: idle, waiting for a disk."""


def cpu_of(pid: int) -> float:
    """CPU seconds that all threads of a process have used, to the nanosecond."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def cpu_of_machine() -> float:
    """CPU seconds that all cores together have spent on anything."""
    columns = [int(value) for value in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return sum(value for at, value in enumerate(columns) if at not in _NOT_BUSY) / _TICKS_PER_S


class Load:
    """Connections that keep one request each in flight."""

    def __init__(self, port: int, connections: int, request: bytes, reply: bytes, head: int) -> None:
        self._request = request
        self._size = len(reply)
        self._head = reply[:head]
        self._sockets = [
            socket.create_connection(("127.0.0.1", port), _PATIENCE_S) for _ in range(connections)
        ]
        for connected in self._sockets:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def run(self, seconds: float) -> tuple[int, float]:
        """(Requests answered, seconds that it took); `ValueError` when a reply is not what it should be."""
        started = time.perf_counter()
        loop = self._run_one if len(self._sockets) == 1 else self._run_many
        return loop(started + seconds), time.perf_counter() - started

    def _run_one(self, until: float) -> int:
        (connected,) = self._sockets
        answered = 0
        while time.perf_counter() < until:
            connected.sendall(self._request)
            reply = connected.recv(4096)
            while len(reply) < self._size:
                reply += self._more(connected)
            self._check(reply)
            answered += 1
        return answered

    def _run_many(self, until: float) -> int:
        poll = select.epoll()
        by_fd = {connected.fileno(): connected for connected in self._sockets}
        partial: dict[int, bytes] = {}
        for fd, connected in by_fd.items():
            poll.register(fd, select.EPOLLIN)
            connected.sendall(self._request)
        answered, waiting = 0, len(by_fd)
        while waiting:
            now = time.perf_counter()
            for fd, _ in self._ready(poll):
                connected = by_fd[fd]
                reply = partial.pop(fd, b"") + self._more(connected)
                if len(reply) < self._size:
                    partial[fd] = reply
                    continue
                self._check(reply)
                answered += 1
                if now < until:
                    connected.sendall(self._request)
                else:
                    waiting -= 1
        return answered

    def _ready(self, poll: select.epoll) -> list[tuple[int, int]]:
        events = poll.poll(_PATIENCE_S)
        if not events:
            raise ValueError(f"no reply within {_PATIENCE_S} s")
        return events

    def _more(self, connected: socket.socket) -> bytes:
        data = connected.recv(4096)
        if not data:
            raise ValueError("the server closed the connection")
        return data

    def _check(self, reply: bytes) -> None:
        if len(reply) != self._size or not reply.startswith(self._head):
            raise ValueError(f"wrong reply {reply.hex()}")


def measure(load: Load, pid: int, seconds: float, warm_up: float) -> dict[str, float]:
    """One window."""
    load.run(warm_up)
    own, server, machine = time.process_time(), cpu_of(pid), cpu_of_machine()
    requests, took = load.run(seconds)
    own, server = time.process_time() - own, cpu_of(pid) - server
    foreign = max(0.0, cpu_of_machine() - machine - own - server)
    return {"requests": requests, "seconds": took, "server": server, "foreign": foreign, "own": own}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--pid", type=int, required=True, help="the server's process")
    parser.add_argument("--connections", type=int, required=True)
    parser.add_argument("--request", type=bytes.fromhex, required=True)
    parser.add_argument("--reply", type=bytes.fromhex, required=True, help="what the server answered once")
    parser.add_argument("--head", type=int, required=True, help="leading bytes that never change")
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--warm-up", type=float, required=True)
    given = parser.parse_args()
    load = Load(given.port, given.connections, given.request, given.reply, given.head)
    print(json.dumps(measure(load, given.pid, given.seconds, given.warm_up)))


if __name__ == "__main__":
    main()
