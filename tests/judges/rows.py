"""Recorded exchanges, each with the judged requirements that it must break, and no others."""

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


CLOSED = Ending.CLOSED
SPLITTER = "a\u2028b"
INJECTION = 'x\n\ndata:{"response":"x"}\n\n'

STREAM_ROWS = (
    Row("a sound stream", stream()),
    Row("a stream of one event", stream(EVENT)),
    Row("a stream that is still open", stream(EVENT, last=False), ending=Ending.ABANDONED),
    Row(
        "a byte a chunk", framed("Transfer-Encoding: chunked\r\n", chunks(*map(bytes, zip(EVENT))))
    ),
    Row("an empty reason phrase", stream(status="HTTP/1.1 200 ")),
    Row("a charset", stream(Content_Type="Text/Event-Stream; Charset=UTF-8")),
    Row("interim responses", b"HTTP/1.1 103 Early Hints\r\n\r\n" + stream()),
    Row("raw UTF-8", stream(echo("Hello", ["Hi"]) + ": Grüße\n\n".encode())),
    Row("comments, id and retry", stream(b": open\n\nretry: 10\nid: 7\n\n" + EVENT)),
    Row("status 201", stream(status="HTTP/1.1 201 Created"), ("headers.status",)),
    Row("text/plain", stream(Content_Type="text/plain"), ("headers.media-type",)),
    Row("latin-1", stream(Content_Type="text/event-stream; charset=latin-1"), ("headers.charset",)),
    Row(
        "no caching rule",
        stream(drop=("Cache-Control",)),
        ("headers.cache-control", "headers.no-transform"),
    ),
    Row("no-store alone", stream(Cache_Control="no-store, no-transform"), ("headers.no-cache",)),
    Row("no-cache alone", stream(Cache_Control="no-cache"), ("headers.no-transform",)),
    Row("no hint to nginx", stream(drop=("X-Accel-Buffering",)), ("headers.accel-buffering",)),
    Row(
        "a wrong hint to nginx", stream(X_Accel_Buffering="off"), ("headers.accel-buffering-value",)
    ),
    Row(
        "keep-alive and close",
        stream(more="Connection: close\r\n"),
        ("headers.connection-consistent", "headers.connection-persistent"),
    ),
    Row("close", stream(Connection="close"), ("headers.connection-persistent",)),
    Row("no Connection", stream(drop=("Connection",)), ("headers.connection-keep-alive",)),
    Row(
        "two dates", stream(more="Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"), ("headers.singletons",)
    ),
    Row("no date", stream(drop=("Date",)), ("headers.date",)),
    Row("an ISO date", stream(Date="1994-11-06T08:49:37Z"), ("headers.date",)),
    Row(
        "both framings",
        stream(more="Content-Length: 5\r\n"),
        ("headers.no-content-length",),
    ),
    Row(
        "a length that cuts the stream",
        framed(f"Content-Length: {len(EVENT)}\r\n", EVENT + EVENT),
        ("headers.no-content-length", "transport.chunked"),
    ),
    Row(
        "an uncalled-for coding",
        stream(Content_Encoding="deflate"),
        ("headers.identity-encoding",),
        request(fields="Accept-Encoding: identity\r\n"),
        Ending.ABANDONED,
    ),
    Row(
        "a field line from the prompt",
        stream(echo("a\r\nX-New: 1"), X_New="1"),
        ("headers.no-injection",),
        chat("a\r\nX-New: 1"),
    ),
    Row("a bare LF in the head", stream(more="X-A: 1\n"), ("headers.well-formed",)),
    Row("a space before the colon", stream(more="X-A : 1\r\n"), ("headers.well-formed",)),
    Row(
        "HTTP/1.0",
        framed("", EVENT).replace(b"HTTP/1.1", b"HTTP/1.0"),
        ("transport.version",),
        ending=CLOSED,
    ),
    Row("an end by close", framed("", EVENT), ("transport.delimited",), ending=CLOSED),
    Row(
        "a length never reached",
        framed("Content-Length: 999\r\n", EVENT),
        ("transport.chunked", "transport.delimited"),
        ending=CLOSED,
    ),
    Row(
        "a right length", framed(f"Content-Length: {len(EVENT)}\r\n", EVENT), ("transport.chunked",)
    ),
    Row(
        "a bad chunk size",
        framed("Transfer-Encoding: chunked\r\n", chunks(EVENT, last=False) + b"zz\r\n" + EVENT),
        ("transport.chunks-well-formed",),
        ending=CLOSED,
    ),
    Row("no last chunk", stream(EVENT, last=False), ("transport.terminated",), ending=CLOSED),
    Row(
        "an error page inside the stream",
        stream(EVENT, b"HTTP/1.1 500 Internal Server Error\r\n\r\n<html>"),
        ("transport.body-only",),
    ),
    Row(
        "chunks for HTTP/1.0",
        stream(),
        ("transport.http10",),
        request(version="1.0"),
    ),
    Row("a close for HTTP/1.0", framed("", EVENT), (), request(version="1.0"), CLOSED),
    Row(
        "an unasked switch",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        ("request.valid-accepted", "transport.interim"),
        ending=CLOSED,
    ),
    Row("half a character", stream(b'data: {"response": "\xe2\x82"}\n\n'), ("sse.utf8",), chat()),
    Row("a byte order mark first", stream(b"\xef\xbb\xbf" + EVENT), ("sse.bom",)),
    Row("a byte order mark later", stream(EVENT, b"\xef\xbb\xbf" + EVENT), ("sse.bom-inside",)),
    Row("an unknown field", stream(b"error: no\n" + EVENT), ("sse.fields",)),
    Row("bare JSON", stream(EVENT, b'{"error": "x"}\n'), ("sse.fields",)),
    Row("an event without data", stream(EVENT, b"event: done\n\n"), ("sse.data",)),
    Row("no blank line at the end", stream(EVENT, EVENT[:-1]), ("sse.final-blank-line",)),
    Row("CRLF", stream(EVENT.replace(b"\n", b"\r\n")), ("sse.line-endings",)),
    Row("a retry with a unit", stream(b"retry: 3s\n" + EVENT), ("sse.retry",)),
    Row("an id with NUL", stream(b"id: a\0b\n" + EVENT), ("sse.id",)),
    Row("a named event", stream(b"event: token\n" + EVENT), ("sse.event-type",)),
    Row(
        "JSON over two lines",
        stream(EVENT.replace(b', "history"', b',\ndata: "history"')),
        ("sse.one-line",),
    ),
    Row("an empty event", stream(EVENT, b"data:\n\n"), ("sse.no-empty-events",)),
    Row(
        "a comment inside a data line",
        stream(EVENT.replace(b'"Yes"', b'"Y: ping\n\nes"')),
        ("sse.comments",),
    ),
    Row("a sentinel", stream(EVENT, b"data: [DONE]\n\n"), ("payload.json",)),
    Row("NaN", stream(echo("Hello", n=1).replace(b": 1}", b": NaN}")), ("payload.json",)),
    Row("an array", stream(b"data: []\n\n"), ("payload.object",)),
    Row(
        "no response",
        stream(b'data: {"prompt": "Hello", "history": ["Hi"]}\n\n'),
        ("payload.response",),
    ),
    Row(
        "a name twice", stream(EVENT.replace(b"{", b'{"a": 1, "a": 2, ')), ("payload.unique-keys",)
    ),
    Row(
        "a replacement character",
        stream(echo("Hello", n="\ufffd")),
        ("payload.no-replacement",),
    ),
    Row("no event", stream(b": nothing\n\n"), ("payload.nonempty",)),
    Row("another prompt", stream(echo("hello")), ("payload.prompt-echo",)),
    Row("another history", stream(echo("Hello", [])), ("payload.history-echo",)),
    Row("true for 1", stream(echo("Hello", [True])), ("payload.history-echo",), chat("Hello", [1])),
    Row("1.0 for 1", stream(echo("Hello", [1.0])), (), chat("Hello", [1])),
    Row(
        "a rounded integer",
        stream(echo("Hello", [9007199254740992])),
        ("payload.history-echo-exact",),
        chat("Hello", [9007199254740993]),
    ),
    Row(
        "a separator that splits a line",
        stream(b'data: {"prompt": "a\nb", "history": ["Hi"], "response": "x"}\n\n'),
        ("payload.line-separators",),
        chat("a\nb"),
    ),
    Row(
        "a separator that is lost",
        stream(echo("a b")),
        ("payload.line-separators",),
        chat(SPLITTER),
    ),
    Row("a separator that comes back", stream(echo(SPLITTER)), (), chat(SPLITTER)),
    Row(
        "an injected event",
        stream(b'data: {"prompt": "x\n\ndata:{"response":"x"}\n\n", "history": []}\n\n'),
        ("payload.no-injection",),
        chat(INJECTION),
    ),
    Row("an injection that is escaped", stream(echo(INJECTION)), (), chat(INJECTION)),
    Row(
        "a head and then silence",
        framed("Transfer-Encoding: chunked\r\n", b""),
        ("stream.first-event",),
        ending=Ending.TIMED_OUT,
        limit="first_event_s=10",
    ),
)

BAD = request(b"{")
NO_PROMPT = request(b'{"history": []}')

REFUSAL_ROWS = (
    Row("a sound refusal", refusal(), (), BAD),
    Row("more members", refusal(b'{"error": "Request body must be JSON", "code": 1}'), (), BAD),
    Row("422", refusal(status="HTTP/1.1 422 X"), ("error.status",), BAD),
    Row("413 for a large body", refusal(status="HTTP/1.1 413 X"), (), request(b"x" * 90_000)),
    Row("HTML", refusal(b"<h1>no</h1>", Content_Type="text/html"), ("error.media-type",), BAD),
    Row("an empty text", refusal(text=""), ("error.shape",), BAD),
    Row("a string", refusal(b'"no"'), ("error.shape",), BAD),
    Row("an object as error", refusal(b'{"error": {"code": 1}}'), ("error.shape",), BAD),
    Row(
        "told in a stream",
        stream(b'event: error\ndata: {"error": "x"}\n\n'),
        ("error.not-streamed",),
        BAD,
    ),
    Row(
        "400 as a stream",
        refusal(b'data: {"error": "x"}\n\n', Content_Type="text/event-stream"),
        ("error.not-streamed",),
        BAD,
    ),
    Row("bytes behind it", refusal() + b"\r\n", ("error.delimited",), BAD),
    Row("a length too large", refusal(length=99), ("error.delimited",), BAD, CLOSED),
    Row(
        "8 KiB",
        refusal(b'{"error": "Request body must be JSON", "x": "%s"}' % (b"x" * 8192)),
        ("error.bounded",),
        BAD,
    ),
    Row(
        "a traceback",
        refusal(
            b'{"error": "Request body must be JSON", "t": "Traceback (most recent call last)"}'
        ),
        ("error.no-leak",),
        BAD,
    ),
    Row("other words", refusal(text="No JSON"), ("request.error-wording",), BAD),
    Row(
        "the second fault first",
        refusal(text="Missing 'history' field"),
        ("request.error-order",),
        request(b"{}"),
    ),
    Row(
        "404 for a valid request",
        refusal(status="HTTP/1.1 404 X"),
        ("request.history-items",),
        chat("Hello", ["a", "b"]),
    ),
    Row("400 for a plain request", refusal(), ("request.valid-accepted",)),
    Row("400 for an empty history", refusal(), ("request.history-empty",), chat("Hello", [])),
    Row("400 for any JSON", refusal(), ("request.history-any-json",), chat("Hello", [1])),
    Row("400 for an empty prompt", refusal(), ("request.prompt-empty",), chat("")),
    Row("400 for Unicode", refusal(), ("request.prompt-unicode",), chat("é")),
    Row("400 for more members", refusal(), ("request.unknown-members",), chat(model="x")),
    Row(
        "400 for a charset",
        refusal(),
        ("request.media-type-parameters",),
        request(media_type="application/json; charset=utf-8"),
    ),
    Row("400 for 64 KiB", refusal(), ("request.large-prompt",), chat("x" * 65536)),
    Row(
        "400 for a chunked body",
        refusal(),
        ("request.chunked-body",),
        request()
        .replace(b"Content-Length: 38", b"Transfer-Encoding: chunked")
        .replace(PLAIN, chunks(PLAIN)),
    ),
    Row(
        "400 for a suffix",
        refusal(),
        ("request.media-type-suffix",),
        request(media_type="application/x+json"),
    ),
    Row(
        "500 for 1 MiB",
        refusal(status="HTTP/1.1 500 X"),
        ("request.never-5xx", "request.very-large-prompt"),
        chat("x" * 2**20),
    ),
    Row(
        "text/plain is served",
        stream(),
        ("request.media-type-not-json",),
        request(media_type="text/plain"),
    ),
    Row("an empty body is served", stream(), ("request.body-empty",), request(b"")),
    Row("half of JSON is served", stream(), ("request.body-malformed",), BAD),
    Row(
        "Latin-1 is served",
        stream(),
        ("request.body-not-utf8",),
        request(PLAIN.replace(b"Hi", b"\xe9")),
    ),
    Row("an array is served", stream(), ("request.body-not-object",), request(b"[]")),
    Row("no prompt is served", stream(), ("request.prompt-missing",), NO_PROMPT),
    Row("a null prompt is served", stream(), ("request.prompt-null",), chat(None)),
    Row("a number is served", stream(), ("request.prompt-not-string",), chat(1)),
    Row(
        "no history is served", stream(), ("request.history-missing",), request(b'{"prompt": "x"}')
    ),
    Row("a null history is served", stream(), ("request.history-null",), chat("x", None)),
    Row("a text as history is served", stream(), ("request.history-not-list",), chat("x", "y")),
    Row(
        "NaN is served",
        stream(),
        ("request.non-finite-numbers",),
        request(b'{"prompt": "x", "history": [NaN]}'),
    ),
    Row(
        "500 for half a surrogate pair",
        refusal(status="HTTP/1.1 500 X"),
        ("request.lone-surrogate", "request.never-5xx"),
        request(b'{"prompt": "\\ud83d", "history": []}'),
    ),
    Row(
        "500 for deep nesting",
        refusal(status="HTTP/1.1 500 X"),
        ("request.deep-nesting", "request.never-5xx"),
        request(b'{"prompt": "x", "history": ' + b"[" * 9000 + b"]" * 9000 + b"}"),
    ),
    Row(
        "500 for a huge number",
        refusal(status="HTTP/1.1 500 X"),
        ("request.huge-number", "request.never-5xx"),
        request(b'{"prompt": "x", "history": [' + b"9" * 5000 + b"]}"),
    ),
    Row(
        "nothing for an array",
        b"",
        ("request.body-not-object", "request.never-5xx"),
        request(b"[]"),
        CLOSED,
    ),
    Row("503 with Retry-After", refusal(status="HTTP/1.1 503 X", Retry_After="1"), ()),
)

ROWS = (*STREAM_ROWS, *REFUSAL_ROWS)
