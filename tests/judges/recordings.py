"""Making recordings: requests and answers that are right but for one change."""

import json
from dataclasses import dataclass

from streamchat_conformance.core.exchange import Ending, Exchange, Read

PLAIN = b'{"prompt": "Hello", "history": ["Hi"]}'
EVENT = b'data: {"prompt": "Hello", "history": ["Hi"], "response": "Yes"}\n\n'
HEAD = {
    "Date": "Sun, 06 Nov 1994 08:49:37 GMT",
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-cache, no-transform",
    "Connection": "keep-alive",
    "X-Accel-Buffering": "no",
}
JSON_HEAD = {"Content-Type": "application/json", "Connection": "keep-alive"}


def request(
    body: bytes = PLAIN,
    *,
    media_type: str | None = "application/json",
    fields: str = "",
    version: str = "1.1",
) -> bytes:
    """Return a request's bytes."""
    lines = f"POST /api/stream-chat HTTP/{version}\r\nHost: h\r\n{fields}"
    if media_type is not None:
        lines += f"Content-Type: {media_type}\r\n"
    return f"{lines}Content-Length: {len(body)}\r\n\r\n".encode("latin-1") + body


def chunks(*pieces: bytes, last: bool = True) -> bytes:
    """Return a chunked body."""
    coded = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return coded + (b"0\r\n\r\n" if last else b"")


def stream(
    *events: bytes,
    status: str = "HTTP/1.1 200 OK",
    last: bool = True,
    drop: tuple[str, ...] = (),
    more: str = "",
    **changes: str,
) -> bytes:
    """Return a chunked event stream whose head is right but for the changes."""
    head = {name: value for name, value in HEAD.items() if name not in drop}
    head |= {name.replace("_", "-"): value for name, value in changes.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    text = f"{status}\r\n{lines}{more}Transfer-Encoding: chunked\r\n\r\n"
    return text.encode("latin-1") + chunks(*(events or (EVENT, EVENT)), last=last)


def framed(framing: str, body: bytes) -> bytes:
    """Return a stream with another framing than chunks."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in HEAD.items())
    return f"HTTP/1.1 200 OK\r\n{lines}{framing}\r\n".encode("latin-1") + body


def refusal(
    body: bytes | None = None,
    *,
    text: str = "Request body must be JSON",
    status: str = "HTTP/1.1 400 BAD REQUEST",
    length: int | None = None,
    **changes: str,
) -> bytes:
    """Return a refusal that is right but for the changes."""
    content = json.dumps({"error": text}).encode() if body is None else body
    head = JSON_HEAD | {name.replace("_", "-"): value for name, value in changes.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items() if value)
    size = len(content) if length is None else length
    return f"{status}\r\n{lines}Content-Length: {size}\r\n\r\n".encode("latin-1") + content


@dataclass(frozen=True)
class Row:
    """One recorded exchange and the ids that it must break."""

    name: str
    response: bytes
    breaks: tuple[str, ...] = ()
    request: bytes = request()
    ending: Ending = Ending.COMPLETE
    limit: str | None = None

    @property
    def exchange(self) -> Exchange:
        """The recording, all of it in one read."""
        reads = (Read(0.01, self.response),) if self.response else ()
        return Exchange(
            request=self.request,
            reads=reads,
            ending=self.ending,
            ended_at_s=10.0 if self.limit else 0.02,
            limit=self.limit,
        )


def data(text: str) -> bytes:
    """Return an event with this data."""
    return b"data: " + text.encode("utf-8", "surrogatepass") + b"\n\n"


def echo(prompt: object, history: object = ("Hi",), **more: object) -> bytes:
    """Return an event that echoes."""
    members = {"prompt": prompt, "history": list(history), "response": "Yes"} | more  # type: ignore[call-overload]
    return data(json.dumps(members))


def chat(prompt: object = "Hello", history: object = ("Hi",), **more: object) -> bytes:
    """Return a request with this prompt and history."""
    body = {"prompt": prompt, "history": history} | more
    return request(json.dumps(body).encode())
