"""Accepted and refused requests, each with what its answer must break, and nothing else."""

from streamchat_conformance.core.exchange import Ending

from .recordings import PLAIN, Row, chat, chunks, refusal, request, stream

CLOSED = Ending.CLOSED
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
