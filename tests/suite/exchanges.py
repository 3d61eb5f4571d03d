"""Exchanges as a run records them: a body that was sent, and what came back."""

import json

from streamchat_conformance.core.exchange import Ending, Exchange, Read
from streamchat_conformance.judges import Reading


def chat(prompt: object = "Hello", **members: object) -> bytes:
    """Return a body; without `history` in the members it is a plain one."""
    return json.dumps({"prompt": prompt, "history": ["Hi"], **members}, ensure_ascii=False).encode()


def exchange(
    body: bytes,
    status: int = 400,
    *,
    ending: Ending = Ending.COMPLETE,
    ended_at_s: float = 0.0,
    cut: bool = False,
) -> Exchange:
    """Return a POST of the body, answered with a status and a JSON error."""
    head = "POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
    error = b'{"error": "No."}'
    length = len(error) + cut
    answer = (
        f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    )
    return Exchange(
        request=f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body,
        reads=(Read(0.0, answer.encode() + error),),
        ending=ending,
        ended_at_s=ended_at_s,
    )


def stream(first_s: float, prompt: str = "Hello", *, ended_at_s: float | None = None) -> Reading:
    """Return the reading of a stream, ended, whose only event came at that time."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 23\r\n\r\n"
    return Reading(
        Exchange(
            request=exchange(chat(prompt)).request,
            reads=(Read(0.0, head), Read(first_s, b'data: {"response":""}\n\n')),
            ended_at_s=first_s if ended_at_s is None else ended_at_s,
        )
    )
