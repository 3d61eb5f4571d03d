"""Streams of a declared dialect, written block by block, and what the suite says of them."""

from __future__ import annotations

from pathlib import Path

from streamchat_conformance.core.exchange import Ending, Exchange, Read
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.dialects.registry import dialect_named
from streamchat_conformance.judges import Reading, rules_of

HOUSE = str(Path(__file__).with_name("house.toml"))
STREAM = "200 OK\r\nContent-Type: text/event-stream"


def asking(file: str, body: bytes | None = None) -> bytes:
    """Return a request: the dialect's plain one, or one with another body."""
    dialect = dialect_named(file)
    plain = HttpRequest.chat(dialect.requests.plain[0])
    request = plain if body is None else HttpRequest(body=body)
    return request.encode(authority="test", path=dialect.path)


def reading(file: str, answer: str, *, head: str = STREAM, body: bytes | None = None) -> Reading:
    """Return the reading of an exchange whose connection closes after the answer."""
    received = f"HTTP/1.1 {head}\r\nConnection: close\r\n\r\n{answer}".encode()
    exchange = Exchange(asking(file, body), (Read(0.1, received),), ending=Ending.CLOSED)
    return Reading(exchange, dialect=dialect_named(file))


def own_red(file: str, answer: str, *, head: str = STREAM, body: bytes | None = None) -> set[str]:
    """Return the rows of the file's own requirements that an exchange breaks."""
    return {
        id_.partition(".")[2]
        for id_, findings in rules_of(file).judge_all(reading(file, answer, head=head, body=body))
        if findings and id_.startswith(f"{name_of(file)}.")
    }


def name_of(file: str) -> str:
    """Return the name that a file gives its dialect."""
    return dialect_named(file).plain_row.partition(".")[0]


def event(data: str, name: str = "") -> str:
    """Return an event block."""
    return (f"event: {name}\n" if name else "") + f"data: {data}\n\n"


def written(folder: Path, text: str) -> str:
    """Write a declaration; return its path."""
    file = folder / "dialect.toml"
    file.write_text(text, "utf-8")
    return str(file)
