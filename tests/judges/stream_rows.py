"""Streams, each with the judged requirements that it must break, and no others."""

from streamchat_conformance.core.exchange import Ending

from .recordings import EVENT, Row, chat, chunks, echo, framed, request, stream

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
