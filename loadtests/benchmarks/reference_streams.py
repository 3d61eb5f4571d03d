"""Holds many streams of the reference server open at once, and measures how late their events are.

    python loadtests/benchmarks/reference_streams.py [--streams N] [--seconds S] [--p99-ms MS]

The echo answerer makes one event a second, each at a fixed distance from the stream's first, so
lateness needs no clock in the events: the event of a stream that came earliest against that
timetable sets it, and every other one is late by what it came after its own time. Server and
client share one machine; nothing leaves it. Both sides' CPU is printed, in percent of one core.
Exit code: 0 when every stream was fed in every second and the 99th percentile is within the limit,
1 when not, 2 when the machine does not allow this many connections.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import resource
import select
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

INTERVAL_S = 1.0
SETTLE_S = 3.0
READY_S = 30.0
EXIT_S = 15.0
OTHER_DESCRIPTORS = 100
READ_BYTES = 65_536
CONNECTIONS_PER_ADDRESS = 20_000
"""From one address to one port; the next 127.0.0.x takes the next ones."""
PORT_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
EVENT = b"data: "
BODY = json.dumps({"prompt": "How late are you?", "history": []}).encode()
REQUEST = (
    b"POST /api/stream-chat HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
)


class OpenStream:
    """One open stream: when its events arrived."""

    __slots__ = ("arrivals_s", "ended", "opened_s", "sock", "tail")

    def __init__(self, sock: socket.socket, opened_s: float) -> None:
        self.sock = sock
        self.opened_s = opened_s
        self.tail = b""
        self.arrivals_s: list[float] = []
        self.ended = False

    def take(self, data: bytes, at_s: float) -> None:
        """Note the events that `data` begins; one may be cut between two reads."""
        text = self.tail + data
        self.arrivals_s += [at_s] * text.count(EVENT)
        self.tail = text[len(text) - len(EVENT) + 1 :]

    def lateness_s(self, since_s: float) -> list[float]:
        """Return how late each event was that arrived since a time."""
        offsets = [at_s - number * INTERVAL_S for number, at_s in enumerate(self.arrivals_s)]
        on_time_s = min(offsets, default=0.0)
        pairs = zip(offsets, self.arrivals_s, strict=True)
        return [offset - on_time_s for offset, at_s in pairs if at_s >= since_s]


class Reader:
    """Reads many streams by one `epoll`, and does as little as it can with each."""

    def __init__(self) -> None:
        self.streams: list[OpenStream] = []
        self._epoll = select.epoll()
        self._by_fd: dict[int, OpenStream] = {}

    def add(self, sock: socket.socket, opened_s: float) -> None:
        """Read a stream from now on."""
        sock.setblocking(False)
        stream = OpenStream(sock, opened_s)
        self.streams.append(stream)
        self._by_fd[sock.fileno()] = stream
        self._epoll.register(sock.fileno(), select.EPOLLIN)

    def read(self, until_s: float) -> None:
        """Read until a monotonic time."""
        while (left_s := until_s - time.monotonic()) > 0:
            for fd, _ in self._epoll.poll(left_s):
                stream = self._by_fd[fd]
                try:
                    data = stream.sock.recv(READ_BYTES)
                except OSError:
                    data = b""
                if data:
                    stream.take(data, time.monotonic())
                else:
                    stream.ended = True
                    self._epoll.unregister(fd)

    def close(self) -> None:
        """Close all streams."""
        for stream in self.streams:
            stream.sock.close()
        self._epoll.close()


def main() -> int:
    """Run the benchmark."""
    options = _options()
    if problem := _allow_descriptors(options.streams + OTHER_DESCRIPTORS) or _port_problem():
        print(problem, file=sys.stderr)
        return 2
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "streamchat_reference", "--port", "0", "--exit-with-parent"),
            *("--max-streams", str(options.streams), "--interval", str(INTERVAL_S)),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    reader = Reader()
    try:
        port = _announced_port(process)
        if not port:
            return 2  # the server has said why
        worker = _worker_pid(process.pid)
        _open(reader, port, options)
        reader.read(until_s=time.monotonic() + SETTLE_S)
        gc.collect()
        gc.freeze()  # the client's own pauses would count as the server's lateness
        since_s, server_s, client_s = time.monotonic(), _cpu_s(worker), time.process_time()
        reader.read(until_s=since_s + options.seconds)
        costs = {
            "server_cpu_percent": _percent(_cpu_s(worker) - server_s, options.seconds),
            "client_cpu_percent": _percent(time.process_time() - client_s, options.seconds),
            "server_threads": len(list(Path(f"/proc/{worker}/task").iterdir())),
            "server_memory_mib": round(_memory_mib(worker), 1),
        }
    finally:
        reader.close()
        process.terminate()
        exit_code = process.wait(EXIT_S)
    return _report(reader.streams, since_s, options, {**costs, "server_exit_code": exit_code})


def _open(reader: Reader, port: int, options: argparse.Namespace) -> None:
    """Open the streams one after another, evenly, and read the early ones meanwhile."""
    began_s = time.monotonic()
    for number in range(options.streams):
        source = (f"127.0.0.{1 + number // CONNECTIONS_PER_ADDRESS}", 0)
        sock = socket.create_connection(("127.0.0.1", port), READY_S, source_address=source)
        sock.sendall(REQUEST)
        reader.add(sock, time.monotonic())
        reader.read(until_s=began_s + (number + 1) / options.opened_per_s)


def _report(
    streams: list[OpenStream],
    since_s: float,
    options: argparse.Namespace,
    costs: dict[str, float],
) -> int:
    lateness = sorted(late for stream in streams for late in stream.lateness_s(since_s))
    expected = int(options.seconds / INTERVAL_S) - 1
    fed = sum(
        not stream.ended and len(stream.lateness_s(since_s)) >= expected for stream in streams
    )
    first = sorted(s.arrivals_s[0] - s.opened_s for s in streams if s.arrivals_s)
    figures = {
        "streams": len(streams),
        "streams_fed_throughout": fed,
        "events": len(lateness),
        "late_ms": {str(p): _percentile_ms(lateness, p) for p in (50, 95, 99, 99.9, 100)},
        "first_event_ms": {str(p): _percentile_ms(first, p) for p in (50, 99, 100)},
        **costs,
        "cores": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 2),
        "python": sys.version.split()[0],
    }
    print(json.dumps(figures, indent=2))
    good = fed == len(streams) and _within(lateness, options.p99_ms)
    print(f"p99 within {options.p99_ms} ms, all streams fed: {'yes' if good else 'NO'}")
    return 0 if good else 1


def _within(lateness_s: list[float], limit_ms: float) -> bool:
    """Return whether the 99th percentile is within the limit; without events it is not."""
    return bool(lateness_s) and _percentile_ms(lateness_s, 99) <= limit_ms


def _percentile_ms(ordered_s: list[float], percent: float) -> float:
    """Return the smallest value that `percent` of all do not exceed."""
    if not ordered_s:
        return float("nan")
    rank = max(1, -(-len(ordered_s) * percent // 100))
    return round(ordered_s[int(rank) - 1] * 1000, 1)


def _announced_port(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    select.select([process.stdout], [], [], READY_S)
    return urlsplit(process.stdout.readline().strip()).port or 0


def _worker_pid(master: int) -> int:
    return int(Path(f"/proc/{master}/task/{master}/children").read_text().split()[0])


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def _percent(cpu_s: float, seconds: float) -> float:
    return round(cpu_s / seconds * 100, 1)


def _allow_descriptors(needed: int) -> str:
    """Raise the limit on open files as far as needed; return the problem if that cannot be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if resource.RLIM_INFINITY in {soft, hard} or hard >= needed:
        if soft != resource.RLIM_INFINITY and soft < needed:
            resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
        return ""
    return f"{needed} open files are needed, but the limit is {hard}: raise it by ulimit -Hn"


def _port_problem() -> str:
    """Return what is wrong with the range of ports that connections are made from, if anything."""
    low, high = (int(end) for end in PORT_RANGE.read_text().split())
    if high - low > CONNECTIONS_PER_ADDRESS:
        return ""
    needed = f"{CONNECTIONS_PER_ADDRESS} ports for each address are needed"
    return f"{needed}, but {PORT_RANGE} has {low} to {high}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Hold many streams of the reference server.")
    parser.add_argument("--streams", type=int, default=10_000, help="at once (%(default)s)")
    parser.add_argument("--seconds", type=float, default=20.0, help="observed (%(default)s)")
    parser.add_argument(
        "--opened-per-s", type=float, default=400.0, metavar="N", help="(%(default)s)"
    )
    parser.add_argument("--p99-ms", type=float, default=50.0, help="limit (%(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
