"""Errors that show the server's inside, in the forms of many languages, and errors that do not."""

import json
import time

import pytest
from streamchat_conformance.judges.leaks import SEARCHED_BYTES, find_leak

LEAKS = (
    "at A.B(C c) in /src/X.cs:line 42",
    "   at Acme.Chat.StreamHandler.Handle(HttpContext context)\n",
    "x\n   at System.Text.Json.ThrowHelper.ReThrow(ReadStack& state, JsonException ex)",
    "JSONDecodeError('Expecting value: line 1 column 13 (char 12)')",
    "KeyError('prompt')",
    "ValueError()",
    "<class 'json.decoder.JSONDecodeError'>",
    "/srv/ci/server.cpp:2311: GGML_ASSERT(slot != nullptr) failed",
    "terminate called after throwing an instance of 'std::runtime_error'",
    "[json.exception.parse_error.101] parse error at line 1",
    "PHP Fatal error: Uncaught TypeError: x in /var/www/x.php:12",
    "#0 /var/www/chat.php(12): handle()\n#1 {main}",
    "in <b>/var/www/chat.php</b> on line <b>12</b>",
    "SyntaxError: Unexpected token } in JSON at position 12",
    "    at JSON.parse (<anonymous>)",
    "at async Server.handle (node:internal/http:12:3)",
    "node:internal/modules/cjs/loader:1078",
    "at file:///srv/app/chat.mjs:12:34",
    "** (Jason.DecodeError) unexpected byte at position 12",
    "(chat 0.1.0) lib/chat/stream.ex:12: Chat.Stream.handle/2",
    "%Jason.DecodeError{position: 12, token: nil}",
    "{error,{badmatch,x}}",
    '[{chat,handle,2,[{file,"src/chat.erl"},{line,12}]}]',
    "./app.lua:12: attempt to index a nil value",
    "stack traceback:\n\t[C]: in function 'error'",
    "app.lua:12: attempt",
    "/src/main.zig:12:5: 0x1034a in main (main)",
    "thread 123 panic: index out of bounds",
    "empty list\nCallStack (from HasCallStack):\n  error, called at src/Main.hs:12:5 in main:Main",
    "JSON::ParserError (unexpected token)",
    "#<JSON::ParserError: 123>",
    "undefined method `[]' for nil:NilClass",
    "app/models/chat.rb:12:in `parse'",
    "panic: runtime error: index out of range",
    "goroutine 1 [running]:",
    "main.go:12 +0x1d",
    "thread 'main' panicked at src/main.rs:12:5",
    'called `Result::unwrap()` on an `Err` value: Error("expected value", line: 1, column: 1)',
    "java.lang.NullPointerException",
    "com.fasterxml.jackson.core.JsonParseException: x",
    "NullPointerException\n\tat org.example.Chat.post(Chat.java:12)",
    "Caused by: java.io.IOException",
    "at Chat.post(Native Method)",
    "System.Text.Json.JsonException: '}' is",
    "App\\Exceptions\\BadRequestException",
    "JsonReaderException: x",
    "at /srv/chat.pl line 12.",
    "/opt/u/chat.jl:12",
    "main.rs:12:5",
    "chat.py:12:3",
    "src/chat.py:12",
    'File "chat.py", line 12',
    "json.decoder.JSONDecodeError",
    "ValidationError(field='x')",
    "Fatal error: nil: file chat/x.swift, line 12",
    "UnicodeDecodeError('utf-8', b'\\xff', 0, 1, 'invalid start byte')",
    "/opt/x/handler.ts(12,5)",
)

SOUND = (
    "Error: an exception. No trace, no error. Errors: 1",
    "Unexpected end at position (1:2), at line 1",
    "See https://docs.rs:443/errors and /docs/errors.html#12",
    "Expecting value: line 1 column 13 (char 12)",
    "line 1, column 2",
    "expected value at line 1 column 2",
    "InvalidRequestError",
    "Internal Server Error: try again",
    "See chat.rs:8080",
    "http://host.py:80/x",
    "see /api/stream-chat",
    "invalid character '}' looking for beginning of value",
    "Parse error at 12:34:56",
    "time 12:34",
    "json: cannot unmarshal number into Go struct field ChatRequest.prompt of type string",
    "Validation Error: prompt",
    "Unexpected token } in JSON at position 12",
    "failed to parse: missing field `prompt` at line 1 column 14",
    "See the trace: id 123",
    "request 4bf92f3577b34da6a3ce929d0e0e4736",
    "prompt (string) at $.prompt",
    "version 1.2.3",
    "Body must be JSON (application/json; charset=utf-8)",
    "at least one message (user)",
    "error at prompt.text (string)",
    "retry at example.com(12)",
    "node: 12",
    "JSON.parse: unexpected character at line 1 column 2 of the JSON data",
    "https://example.com/errors/ValidationError: see",
    "Bad Request: prompt.history.items must be (a list)",
    "errors.invalid_request",
    "docs/errors.md:12",
    "  at position 12(3)",
    "No call stack is shown",
    "data.json:12",
    "config.yaml line 3",
    "a.b.c: expected object",
    "Model gpt-4.1:2 failed",
    "Stack: chat",
)

PIECES = (
    "a/", "/a", "a.", "A", "a::", "at a", "C:\\a \\", "AError(", "((", "ASSERT(", "<class 'a.",
    "\n at a.", "Assertion `", "in function <", "#1 ", "http://", 'File "', "undefined method `",
    "*(<", "\\u00", "a-", "a.b:1", "thread '", "&lt", " ", "{file,",
)  # fmt: skip
LIMIT_S = 5.0


def spellings(text: str) -> list[bytes]:
    """Return a text as it is, in JSON, in JSON with more escapes, and in HTML."""
    quoted = json.dumps({"error": text})
    return [
        text.encode(),
        quoted.encode(),
        quoted.replace("<", "\\u003c").replace("'", "\\u0027").encode(),
    ]


@pytest.mark.parametrize("text", LEAKS)
def test_what_a_runtime_prints_is_found_in_any_spelling(text: str) -> None:
    assert all(find_leak(body) is not None for body in spellings(text))


@pytest.mark.parametrize("text", SOUND)
def test_ordinary_words_and_positions_are_no_leak(text: str) -> None:
    assert [find_leak(body) for body in spellings(text)] == [None] * 3


def test_a_frame_is_found_in_html() -> None:
    body = b"<pre>SyntaxError<br> &nbsp; &nbsp;at JSON.parse (&lt;anonymous&gt;)</pre>"
    assert find_leak(body) is not None


@pytest.mark.parametrize("piece", PIECES, ids=ascii)
def test_a_hostile_error_takes_no_time(piece: str) -> None:
    body = (piece * SEARCHED_BYTES)[:SEARCHED_BYTES].encode()
    began_at = time.thread_time()
    find_leak(body)
    assert time.thread_time() - began_at < LIMIT_S
