"""Deviations in a message's framing, its chunks and its trailers, and their neighbours."""

from __future__ import annotations

from streamchat_conformance.core.chunked import CHUNK_LINE_LIMIT_BYTES
from streamchat_conformance.core.http1 import HEAD_LIMIT_BYTES

from .deviations import SOUND, Case, chunks, framing, trailer

LONG = b"x" * HEAD_LIMIT_BYTES
CHUNKED = b"Transfer-Encoding: chunked"
EMPTY_CHUNKS = b"0\r\n\r\n"

BODY_CASES = [
    Case(
        "bare-lf",
        "chunks",
        (
            chunks(b"3@\nabc\r\n" + EMPTY_CHUNKS),
            chunks(b"3\r\nabc@\n" + EMPTY_CHUNKS),
            chunks(b"0@\n\r\n"),
            chunks(b"3;a=b@\nabc\r\n" + EMPTY_CHUNKS),
        ),
        (chunks(b"3\r\n\n\r\n\r\n" + EMPTY_CHUNKS),),
    ),
    Case(
        "bare-lf",
        "trailers",
        (chunks(b"0\r\n@\n"), chunks(b"0\r\na: b@\n\r\n"), chunks(b"0\r\na: b\r\n@\n")),
        (trailer(b"a: b"),),
    ),
    Case(
        "framing-on-bodiless",
        "framing",
        (
            framing(b"@Content-Length: 0", status=b"204"),
            framing(CHUNKED.replace(b"T", b"@T", 1), status=b"204"),
            framing(b"@Content-Length: 5", status=b"100") + SOUND,
        ),
        (
            framing(b"Content-Length: 5", status=b"304"),
            framing(status=b"204"),
            framing(status=b"100") + SOUND,
            framing(b"Content-Length: 0", status=b"205"),
        ),
    ),
    Case(
        "length-with-transfer-encoding",
        "framing",
        (
            framing(b"@Content-Length: 5", CHUNKED) + EMPTY_CHUNKS,
            framing(CHUNKED, b"a: b", b"@Content-Length: 5") + EMPTY_CHUNKS,
            framing(CHUNKED, b"@Content-Length: 5", status=b"304"),
        ),
        (framing(CHUNKED, b"X-Content-Length: 5") + EMPTY_CHUNKS,),
    ),
    Case(
        "bad-content-length",
        "framing",
        tuple(
            framing(b"@Content-Length: " + value)
            for value in (b"", b"-1", b"+1", b"1.0", b"0x1", b"1 1", b"\xb2", b"1,", b"abc", b"5;")
        ),
        (framing(b"Content-Length: 0005") + b"hello", framing(b"content-LENGTH:\t0 ")),
    ),
    Case(
        "content-length-differs",
        "framing",
        (
            framing(b"@Content-Length: 5", b"Content-Length: 6"),
            framing(b"@Content-Length: 5, 6"),
            framing(b"@Content-Length: 5", b"Content-Length: 5, 0"),
        ),
        (framing(b"Content-Length: 5") + b"hello",),
    ),
    Case(
        "content-length-repeated",
        "framing",
        (
            framing(b"@Content-Length: 5", b"Content-Length: 5"),
            framing(b"@Content-Length: 5, 5"),
            framing(b"@Content-Length: 5,05"),
        ),
        (framing(b"Content-Length: 55"),),
    ),
    Case(
        "content-length-absurd",
        "framing",
        (
            framing(b"@Content-Length: 9223372036854775808"),
            framing(b"@Content-Length: " + b"9" * 10_000),
        ),
        (
            framing(b"Content-Length: 9223372036854775807"),
            framing(b"Content-Length: " + b"0" * 10_000 + b"5"),
        ),
    ),
    Case(
        "transfer-encoding-in-http10",
        "framing",
        (framing(b"@" + CHUNKED, version=b"1.0") + EMPTY_CHUNKS,),
        (framing(CHUNKED) + EMPTY_CHUNKS, framing(version=b"1.0")),
    ),
    Case(
        "bad-transfer-encoding",
        "framing",
        tuple(
            framing(b"@Transfer-Encoding: " + value)
            for value in (b"", b",", b"chunked;a=b", b"chun ked", b"\x80", b'"chunked"')
        ),
        (
            framing(b"transfer-encoding: CHUNKED") + EMPTY_CHUNKS,
            framing(b"Transfer-Encoding: , chunked ,") + EMPTY_CHUNKS,
        ),
    ),
    Case(
        "transfer-coding-unasked",
        "framing",
        (
            framing(b"@Transfer-Encoding: gzip, chunked") + EMPTY_CHUNKS,
            framing(b"@Transfer-Encoding: gzip"),
            framing(b"@Transfer-Encoding: identity"),
            framing(b"@Transfer-Encoding: x;q=1", CHUNKED) + EMPTY_CHUNKS,
        ),
        (framing(CHUNKED) + EMPTY_CHUNKS,),
    ),
    Case(
        "chunked-not-last",
        "framing",
        (
            framing(b"@Transfer-Encoding: chunked, gzip"),
            framing(b"@" + CHUNKED, b"Transfer-Encoding: gzip"),
        ),
        (framing(CHUNKED) + EMPTY_CHUNKS,),
        also=frozenset({"transfer-coding-unasked"}),
    ),
    Case(
        "chunked-twice",
        "framing",
        (
            framing(b"@" + CHUNKED, CHUNKED) + EMPTY_CHUNKS,
            framing(b"@Transfer-Encoding: chunked, chunked") + EMPTY_CHUNKS,
        ),
        (framing(CHUNKED, b"TE: chunked") + EMPTY_CHUNKS,),
    ),
    Case(
        "bad-chunk-size",
        "chunks",
        tuple(
            chunks(b"@" + body)
            for body in (
                b"\r\n",
                b"g\r\n",
                b"0x5\r\nhello\r\n",
                b"-5\r\n",
                b"+5\r\n",
                b"5 5\r\n",
                b"event: message\r\n\r\n",
                b"data: {}\n\n",
                b";a=b\r\n",
                b"\xb2\r\n",
                b"1_0\r\n",
                b"HTTP/1.1 500 Internal Server Error\r\n",
            )
        ),
        (
            chunks(b"aB\r\n" + b"x" * 0xAB + b"\r\n000\r\n\r\n"),
            chunks(b"0005\r\nhello\r\n" + EMPTY_CHUNKS),
        ),
    ),
    Case(
        "chunk-size-absurd",
        "chunks",
        (
            chunks(b"@8000000000000000\r\n"),
            chunks(b"@1" + b"0" * 5000 + b"\r\n"),
            chunks(b"@FFFFFFFFFFFFFFFFF;a\r\n"),
        ),
        (chunks(b"7fffffffffffffff\r\n"), chunks(b"0" * 5000 + b"1\r\nx\r\n" + EMPTY_CHUNKS)),
    ),
    Case(
        "chunk-line-whitespace",
        "chunks",
        (
            chunks(b"@5 \r\nhello\r\n" + EMPTY_CHUNKS),
            chunks(b"@ 5\r\nhello\r\n" + EMPTY_CHUNKS),
            chunks(b"@5;a=b \r\nhello\r\n" + EMPTY_CHUNKS),
            chunks(b"@0\t\r\n\r\n"),
        ),
        (chunks(b"5 ; a = b\r\nhello\r\n" + EMPTY_CHUNKS),),
    ),
    Case(
        "bad-chunk-extension",
        "chunks",
        tuple(
            chunks(b"5@" + extension + b"\r\nhello\r\n" + EMPTY_CHUNKS)
            for extension in (
                b";",
                b";a=",
                b";=b",
                b";a b",
                b';a="b',
                b';a="b"c',
                b";a;;b",
                b";a=b=c",
                b";\x00",
                b';a="\x00"',
                b";a\rb",
                b";(a)",
            )
        ),
        tuple(
            chunks(b"5" + extension + b"\r\nhello\r\n" + EMPTY_CHUNKS)
            for extension in (
                b";a",
                b";a=b",
                b';a=""',
                b';a="b;c=\\"d\\\\ \xff\t"',
                b"\t ;\ta\t= \tb;c",
                b";a;a;a",
            )
        ),
    ),
    Case(
        "chunk-line-too-long",
        "chunks",
        (chunks(b"@5;" + b"a" * CHUNK_LINE_LIMIT_BYTES), chunks(b"@" + b"0" * 20_000)),
        (chunks(b"0;" + b"a" * (CHUNK_LINE_LIMIT_BYTES - 3) + b"\r\n\r\n"),),
    ),
    Case(
        "chunk-data-unterminated",
        "chunks",
        (
            chunks(b"5\r\nhello@5\r\nworld\r\n" + EMPTY_CHUNKS),
            chunks(b"4\r\nhell@o\r\n" + EMPTY_CHUNKS),
            chunks(b"5\r\nhello@\rx"),
            chunks(b"5\r\nhello@\r\r\n"),
        ),
        (chunks(b"5\r\nhello\r"), chunks(b"5\r\nhel\r\n\r\n" + EMPTY_CHUNKS)),
    ),
    Case(
        "trailers-too-long",
        "trailers",
        (chunks(b"0\r\n@a: " + LONG + b"\r\n\r\n"), chunks(b"0\r\n@" + b"a: b\r\n" * 50_000)),
        (trailer(b"a: " + LONG[:-100]),),
    ),
    Case(
        "trailer-forbidden",
        "trailers",
        (trailer(b"@Content-Length: 5"), trailer(b"a: b\r\n@transfer-encoding: chunked")),
        (trailer(b"X-Content-Length: 5"), trailer(b"Digest: x")),
    ),
    Case("bare-cr", "trailers", (trailer(b"a: b@\rc: d"),), (trailer(b"a: b"),)),
    Case("leading-whitespace", "trailers", (trailer(b"@\ta: b"),), (trailer(b"a: b"),)),
    Case("obs-fold", "trailers", (trailer(b"a: b\r\n@ c"),), (trailer(b"a: b\r\nc: d"),)),
    Case("no-colon", "trailers", (trailer(b"@a"),), (trailer(b"a:"),)),
    Case("space-before-colon", "trailers", (trailer(b"a@ : b"),), (trailer(b"a: b"),)),
    Case("name-empty", "trailers", (trailer(b"@: b"),), (trailer(b"a:"),)),
    Case("name-not-token", "trailers", (trailer(b"@a b: c"),), (trailer(b"a-b: c"),)),
    Case("value-control", "trailers", (trailer(b"@a: \x00"),), (trailer(b"a: \t"),)),
]
