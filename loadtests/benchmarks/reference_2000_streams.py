"""Holds many streams of the reference server open at once, and measures how late their events are.

    python loadtests/benchmarks/reference_2000_streams.py [--streams N] [--seconds S] [--p99-ms MS]

The echo answerer makes one event a second, each at a fixed distance from the stream's first, so
lateness needs no clock in the events: the event of a stream that came earliest against that
timetable sets it, and every other one is late by what it came after its own time. Server and
client share one machine; nothing leaves it. Exit code: 0 when every stream was fed in every
second and the 99th percentile is within the limit, else 1.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import select
import selectors
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

INTERVAL_S = 1.0
OPENED_PER_S = 200
SETTLE_S = 2.0
READY_S = 30.0
EXIT_S = 15.0
OTHER_DESCRIPTORS = 100
EVENT = b"data: "
BODY = json.dumps({"prompt": "How late are you?", "history": []}).encode()
REQUEST = (
    b"POST /api/stream-chat HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
)


@dataclass(slots=True)
class OpenStream:
    """One open stream: when its events arrived."""

    sock: socket.socket
    opened_s: float
    tail: bytes = b""
    arrivals_s: list[float] = field(default_factory=list)
    ended: bool = False

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


def main() -> int:
    """Run the benchmark."""
    options = _options()
    _allow_descriptors(options.streams + OTHER_DESCRIPTORS)
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "streamchat_reference", "--port", "0", "--exit-with-parent"),
            *("--max-streams", str(options.streams), "--interval", str(INTERVAL_S)),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    streams: list[OpenStream] = []
    try:
        port = _announced_port(process)
        worker = _worker_pid(process.pid)
        with selectors.DefaultSelector() as selector:
            _open(streams, selector, port, options.streams)
            _read(selector, until_s=time.monotonic() + SETTLE_S)
            since_s, cpu_s = time.monotonic(), _cpu_s(worker)
            _read(selector, until_s=since_s + options.seconds)
        server = {
            "server_cpu_percent": round((_cpu_s(worker) - cpu_s) / options.seconds * 100, 1),
            "server_memory_mib": round(_memory_mib(worker), 1),
        }
    finally:
        for stream in streams:
            stream.sock.close()
        process.terminate()
        exit_code = process.wait(EXIT_S)
    return _report(streams, since_s, options, {**server, "server_exit_code": exit_code})


def _open(
    streams: list[OpenStream], selector: selectors.BaseSelector, port: int, count: int
) -> None:
    """Open the streams one after another, evenly, and read the early ones meanwhile."""
    began_s = time.monotonic()
    for number in range(count):
        sock = socket.create_connection(("127.0.0.1", port), timeout=READY_S)
        stream = OpenStream(sock, time.monotonic())
        streams.append(stream)
        sock.sendall(REQUEST)
        sock.setblocking(False)
        selector.register(sock, selectors.EVENT_READ, stream)
        _read(selector, until_s=began_s + (number + 1) / OPENED_PER_S)


def _read(selector: selectors.BaseSelector, until_s: float) -> None:
    while (left_s := until_s - time.monotonic()) > 0:
        for key, _ in selector.select(left_s):
            stream: OpenStream = key.data
            try:
                data = stream.sock.recv(65536)
            except OSError:
                data = b""
            if data:
                stream.take(data, time.monotonic())
            else:
                stream.ended = True
                selector.unregister(stream.sock)


def _report(
    streams: list[OpenStream],
    since_s: float,
    options: argparse.Namespace,
    server: dict[str, float],
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
        **server,
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


def _allow_descriptors(needed: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, max(hard, needed)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Hold many streams of the reference server.")
    parser.add_argument("--streams", type=int, default=2_000, help="at once (%(default)s)")
    parser.add_argument("--seconds", type=float, default=20.0, help="observed (%(default)s)")
    parser.add_argument("--p99-ms", type=float, default=50.0, help="limit (%(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
