"""Speed of reading event streams, ours and others', in turn within one run.

Run `python loadtests/benchmarks/eventstream_ratio.py`. It measures CPU time, which other work on
the machine disturbs little; every figure is the best of several rounds, and in each round all
parsers take their turn on the same bytes. The ratios mean something, the absolute figures only on
the machine at hand. Needs httpx-sse and sseclient-py.
"""

from __future__ import annotations

import argparse
import codecs
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import sseclient

# The line and event decoders alone: what httpx adds around them is not the parser's cost.
from httpx_sse._decoders import SSEDecoder, SSELineDecoder
from streamchat_conformance.core.eventstream import EventStreamParser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

STREAM_BYTES: Final = 256 * 1024
"""Size of each stream that is read, about."""

READ_SIZES: Final = ("event", "1400", "16384", "65536")
"""Bytes in a read; `event` gives each event a read of its own."""


@dataclass(frozen=True)
class BodyShape:
    """A kind of event stream: `make` returns the nth event's bytes."""

    make: Callable[[int], bytes]

    def events(self) -> list[bytes]:
        """Return the pieces of a stream of STREAM_BYTES, about."""
        return [self.make(n) for n in range(STREAM_BYTES // len(self.make(1000)))]

    def reads(self, size: str) -> list[bytes]:
        """Return the stream cut into reads of a size out of READ_SIZES."""
        if size == "event":
            return self.events()
        stream, step = b"".join(self.events()), int(size)
        return [stream[start : start + step] for start in range(0, len(stream), step)]


def _json(n: int, text: str = "token", padding: int = 40) -> bytes:
    response = f"{text} {n}"
    return f'{{"response": "{response}", "prompt": "{"p" * padding}", "history": []}}'.encode()


def _mixed(n: int) -> bytes:
    kinds = (
        b"data: %b\n\n",
        b"id: %d\ndata: %%b\n\n" % n,
        b"event: delta\ndata: %b\n\n",
        b"data: %b\nid: 7\n\n",
        b"event: delta\nid: 7\ndata: %b\ndata: more\n\n",
    )
    return kinds[n % len(kinds)] % _json(n)


SHAPES: Final = {
    "data only": BodyShape(lambda n: b"data: %b\n\n" % _json(n)),
    "data only, no space": BodyShape(lambda n: b"data:%b\n\n" % _json(n)),
    "small tokens": BodyShape(lambda n: b'data: {"response": "t%d"}\n\n' % n),
    "id, event, data": BodyShape(lambda n: b"id: %d\nevent: token\ndata: %b\n\n" % (n, _json(n))),
    "event, data": BodyShape(lambda n: b"event: token\ndata: %b\n\n" % _json(n)),
    "id, event, data; CRLF": BodyShape(
        lambda n: b"id: %d\r\nevent: token\r\ndata: %b\r\n\r\n" % (n, _json(n))
    ),
    "data only; CRLF": BodyShape(lambda n: b"data: %b\r\n\r\n" % _json(n)),
    "comment before each": BodyShape(lambda n: b": ping %d\n\ndata: %b\n\n" % (n, _json(n))),
    "comment in each": BodyShape(lambda n: b": c\nid: %d\ndata: %b\n\n" % (n, _json(n))),
    "comment now and then": BodyShape(
        lambda n: (b": ping\n\n" if n % 10 == 0 else b"") + b"data: %b\n\n" % _json(n)
    ),
    "long data": BodyShape(lambda n: b"data: %b\n\n" % _json(n, padding=4000)),
    "several data lines": BodyShape(lambda n: b"data: {\ndata: %b\ndata: }\n\n" % _json(n)),
    "event, several data lines": BodyShape(
        lambda n: b"event: token\ndata: {\ndata: %b\ndata: }\n\n" % _json(n)
    ),
    "Japanese": BodyShape(lambda n: b"data: %b\n\n" % _json(n, text="こんにちは世界" * 3)),
    "shapes mixed": BodyShape(_mixed),
}


def read_ours(reads: Sequence[bytes]) -> int:
    """Read a stream with the suite's parser; return the number of events."""
    parser = EventStreamParser()
    count = 0
    for data in reads:
        count += len(parser.receive(data, 0.0))
    return count


def read_ours_by_line(reads: Sequence[bytes]) -> int:
    """Read a stream with the suite's parser, every line kept; return the number of events."""
    parser = EventStreamParser(keep_lines=True)
    count = 0
    for data in reads:
        count += len(parser.receive(data, 0.0))
    return count


def read_httpx_sse(reads: Sequence[bytes]) -> int:
    """Read a stream as httpx and httpx-sse do; return the number of events."""
    text_decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    lines, events = SSELineDecoder(), SSEDecoder()
    count = 0
    for data in reads:
        for line in lines.decode(text_decoder.decode(data)):
            event = events.decode(line.rstrip("\n"))
            # It makes events of comments after an id; those are no work of the stream's.
            if event is not None and event.data:
                count += 1
    return count


def read_sseclient(reads: Sequence[bytes]) -> int:
    """Read a stream with sseclient-py; return the number of events."""
    return sum(1 for _ in sseclient.SSEClient(iter(reads)).events())


PARSERS: Final[dict[str, Callable[[Sequence[bytes]], int]]] = {
    "ours": read_ours,
    "ours by line": read_ours_by_line,
    "httpx-sse": read_httpx_sse,
    "sseclient-py": read_sseclient,
}


def measure(
    reads: Sequence[bytes], rounds: int, names: Sequence[str] = tuple(PARSERS)
) -> dict[str, float]:
    """Return the CPU seconds that each parser takes, the best of `rounds`.

    Raises RuntimeError when the parsers do not agree on the number of events.
    """
    parsers = {name: PARSERS[name] for name in names}
    counts = {name: parse(reads) for name, parse in parsers.items()}
    if len(set(counts.values())) != 1:
        raise RuntimeError(f"the parsers count different numbers of events: {counts}")
    best = dict.fromkeys(parsers, float("inf"))
    for _ in range(rounds):
        for name, parse in parsers.items():
            start_s = time.process_time()
            parse(reads)
            best[name] = min(best[name], time.process_time() - start_s)
    return best


def report(shapes: Sequence[str], rounds: int) -> Iterator[str]:
    """Yield the lines of a table: MB/s of each parser, and how many times faster ours is."""
    titles = [f"{name:>13}" for name in PARSERS]
    yield f"{'shape':26}{'read':>6}  {''.join(titles)}   x httpx-sse  x sseclient"
    for shape in shapes:
        for size in READ_SIZES:
            reads = SHAPES[shape].reads(size)
            megabytes = sum(map(len, reads)) / 1e6
            taken_s = measure(reads, rounds)
            speeds = "".join(f"{megabytes / second:13.1f}" for second in taken_s.values())
            httpx_sse = taken_s["httpx-sse"] / taken_s["ours"]
            client = taken_s["sseclient-py"] / taken_s["ours"]
            yield f"{shape:26}{size:>6}  {speeds}  {httpx_sse:12.1f} {client:12.1f}"


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Compare event-stream parsers by CPU time.")
    parser.add_argument("--rounds", type=int, default=7, help="rounds, of which the best counts")
    parser.add_argument("shapes", nargs="*", help=f"out of: {', '.join(SHAPES)} (default: all)")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.shapes if name not in SHAPES]
    if unknown:
        parser.error(f"no shape {unknown[0]!r}; there are: {', '.join(SHAPES)}")
    if arguments.rounds < 1:
        parser.error(f"--rounds must be at least 1, not {arguments.rounds}")
    print("MB/s by CPU time")
    for line in report(arguments.shapes or list(SHAPES), arguments.rounds):
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
