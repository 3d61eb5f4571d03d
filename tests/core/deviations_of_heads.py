"""Deviations in the status line and the field lines, and their neighbours."""

from __future__ import annotations

from streamchat_conformance.core.http1 import HEAD_LIMIT_BYTES

from .deviations import SOUND, Case, field, status_line

LONG = b"x" * HEAD_LIMIT_BYTES

HEAD_CASES = [
    Case(
        "bad-status-line",
        "status-line",
        (
            b"@<html>oops</html>\r\n\r\n",
            b"@data: {}\n\n",
            b"@short",
            b"@0\r\n\r\n" + SOUND,
            b"@HTTP\r\n\r\n",
            b"@\rHTTP/1.1 200 OK\r\n\r\n",
            b"@HTTP/1.1 abc OK\r\n\r\n",
            b"@HTTP/1.1 200OK\r\n\r\n",
            b"@HTTP/1.1200 OK\r\n\r\n",
            b"@HTTP/1.1\x0b200 OK\r\n\r\n",
            b"@HTTP/1.1\r\n\r\n",
            b"@HTTP/1.1 -20 OK\r\n\r\n",
            b"@HTTP/1.1 9999999999 OK\r\n\r\n",
            b"@" + b"\x00\xff" * 100,
            b"@ HTTP/1.1 200 OK\r\n\r\n",
        ),
        (SOUND, status_line(b"HTTP/1.1 200 HTTP/1.1 200")),
    ),
    Case(
        "leading-empty-line",
        "status-line",
        (b"@\r\n" + SOUND, b"@\n" + SOUND, b"@\r\n\r\n\n" + SOUND),
        (SOUND,),
    ),
    Case(
        "bad-version",
        "status-line",
        (
            b"@" + status_line(b"http/1.1 200 OK"),
            b"@" + status_line(b"HTTP/1.10 200 OK"),
            b"@" + status_line(b"HTTP/2 200 OK"),
        ),
        (status_line(b"HTTP/1.0 200 OK"), status_line(b"HTTP/1.2 200 OK")),
    ),
    Case(
        "foreign-version",
        "status-line",
        (b"@" + status_line(b"HTTP/2.0 200 OK"), b"@" + status_line(b"HTTP/0.9 200 OK")),
        (status_line(b"HTTP/1.1 200 OK"), status_line(b"HTTP/1.9 200 OK")),
    ),
    Case(
        "status-line-whitespace",
        "status-line",
        (
            status_line(b"HTTP/1.1@  200 OK"),
            status_line(b"HTTP/1.1@\t200 OK"),
            status_line(b"HTTP/1.1@ 200\tOK"),
        ),
        (status_line(b"HTTP/1.1 200  two spaces, one of them the phrase's "),),
    ),
    Case(
        "status-line-short",
        "status-line",
        (status_line(b"HTTP/1.1 200@"),),
        (status_line(b"HTTP/1.1 200 "), status_line(b"HTTP/1.1 200  ")),
    ),
    Case(
        "bad-status-code",
        "status-line",
        (status_line(b"HTTP/1.1 @20 OK"), status_line(b"HTTP/1.1 @0200 OK")),
        (status_line(b"HTTP/1.1 200 0200"),),
    ),
    Case(
        "status-code-range",
        "status-line",
        (status_line(b"HTTP/1.1 @099 x"), status_line(b"HTTP/1.1 @600 x")),
        (status_line(b"HTTP/1.1 599 x"), b"HTTP/1.1 100 x\r\n\r\n" + SOUND),
    ),
    Case(
        "control-in-reason",
        "status-line",
        (
            status_line(b"HTTP/1.1 200 O@\x00K"),
            status_line(b"HTTP/1.1 200 @\x7f"),
            status_line(b"HTTP/1.1 200 @\x1b[1m"),
        ),
        (status_line(b"HTTP/1.1 200 O\tK"), status_line(b"HTTP/1.1 200 d\xe9j\xe0 vu")),
    ),
    Case(
        "bare-lf",
        "status-line",
        (b"HTTP/1.1 200 OK@\nContent-Length: 0\r\n\r\n",),
        (SOUND,),
    ),
    Case(
        "bare-lf",
        "fields",
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 0@\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n@\n",
        ),
        (SOUND,),
    ),
    Case(
        "bare-cr",
        "status-line",
        (status_line(b"HTTP/1.1 200 O@\rK"), status_line(b"HTTP/1.1 200 OK@\r")),
        (SOUND,),
    ),
    Case(
        "bare-cr",
        "fields",
        (field(b"a: b@\rc: d"), field(b"a: b@\r"), field(b"a@\rb: c")),
        (field(b"a: b\\rc"),),
        also=frozenset({"name-not-token"}),
    ),
    Case(
        "head-incomplete",
        "status-line",
        (b"HTTP/1.1 200 OK@", b"HT@", b"HTTP/1.1 200 OK\r@"),
        (b"",),
    ),
    Case(
        "head-incomplete",
        "fields",
        (b"HTTP/1.1 200 OK\r\n@", b"HTTP/1.1 200 OK\r\na: b\r\n@", SOUND[:-1] + b"@"),
        (SOUND,),
    ),
    Case(
        "head-too-long",
        "status-line",
        (b"@HTTP/1.1 200 " + LONG,),
        (status_line(b"HTTP/1.1 200 " + LONG[:-100]),),
    ),
    Case(
        "head-too-long",
        "fields",
        (b"@" + field(b"a: " + LONG), b"@HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 50_000),
        (
            field(b"a: " + LONG[:-100]),
            (b"HTTP/1.1 103 x\r\na: " + LONG[:-100] + b"\r\n\r\n") * 3 + SOUND,
        ),
    ),
    Case(
        "leading-whitespace",
        "fields",
        (b"HTTP/1.1 200 OK\r\n@ a: b\r\nContent-Length: 0\r\n\r\n",),
        (SOUND,),
    ),
    Case(
        "obs-fold",
        "fields",
        (field(b"a: b\r\n@ c"), field(b"a: b\r\n@\tc"), field(b"a: b\r\n@ ")),
        (field(b"a: b\r\nc: d"), field(b"a:")),
    ),
    Case(
        "space-before-colon",
        "fields",
        (field(b"a@ : b"), field(b"a@\t: b"), field(b"a@ \t :")),
        (field(b"a:b"), field(b"a: \t b \t "), field(b"a: b : c")),
    ),
    Case(
        "name-not-token",
        "fields",
        (
            field(b"@a b: c"),
            field(b"@a(b): c"),
            field(b"@\xc3\xa9: c"),
            field(b"@a\x00: c"),
            field(b'@"a": c'),
        ),
        (field(b"!#$%&'*+-.^_`|~09AZaz: c"), field(b"a: (b) \xc3\xa9")),
    ),
    Case(
        "value-control",
        "fields",
        (field(b"@a: \x00"), field(b"@a: b\x7fc"), field(b"@a: \x0b"), field(b"@a: \x1b[0m")),
        (field(b"a: b\tc"), field(b"a: \x80\xff")),
    ),
    Case("no-colon", "fields", (field(b"@a b"), field(b"@a")), (field(b"a:"), field(b"a::b"))),
    Case("name-empty", "fields", (field(b"@: b"), field(b"@:")), (field(b"a: :"),)),
]
