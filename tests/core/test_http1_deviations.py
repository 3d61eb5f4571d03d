"""Every deviation code: bytes that have it, and their nearest neighbours that do not."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from streamchat_conformance.core.chunked import CHUNK_LINE_LIMIT_BYTES
from streamchat_conformance.core.deviation import KEPT_PER_CODE, RULES
from streamchat_conformance.core.http1 import HEAD_LIMIT_BYTES, ResponseReader

SOUND = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@dataclass(frozen=True)
class Case:
    """One code in one area. `@` in the bytes marks where it is; it is taken out before reading."""

    code: str
    area: str
    wrong: tuple[bytes, ...]
    right: tuple[bytes, ...]
    also: frozenset[str] = frozenset()


def status_line(line: bytes) -> bytes:
    return line + b"\r\nContent-Length: 0\r\n\r\n"


def field(line: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + line + b"\r\n\r\n"


def framing(*lines: bytes, status: bytes = b"200", version: bytes = b"1.1") -> bytes:
    head = b"\r\n".join([b"HTTP/%b %b x" % (version, status), *lines])
    return head + b"\r\n\r\n"


def chunks(body: bytes) -> bytes:
    return framing(b"Transfer-Encoding: chunked") + body


def trailer(line: bytes) -> bytes:
    return chunks(b"0\r\n" + line + b"\r\n\r\n")


LONG = b"x" * HEAD_LIMIT_BYTES
CHUNKED = b"Transfer-Encoding: chunked"
EMPTY_CHUNKS = b"0\r\n\r\n"

CASES = [
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
    Case("bare-cr", "trailers", (trailer(b"a: b@\rc: d"),), (trailer(b"a: b"),)),
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
    Case("leading-whitespace", "trailers", (trailer(b"@\ta: b"),), (trailer(b"a: b"),)),
    Case(
        "obs-fold",
        "fields",
        (field(b"a: b\r\n@ c"), field(b"a: b\r\n@\tc"), field(b"a: b\r\n@ ")),
        (field(b"a: b\r\nc: d"), field(b"a:")),
    ),
    Case("obs-fold", "trailers", (trailer(b"a: b\r\n@ c"),), (trailer(b"a: b\r\nc: d"),)),
    Case("no-colon", "fields", (field(b"@a b"), field(b"@a")), (field(b"a:"), field(b"a::b"))),
    Case("no-colon", "trailers", (trailer(b"@a"),), (trailer(b"a:"),)),
    Case(
        "space-before-colon",
        "fields",
        (field(b"a@ : b"), field(b"a@\t: b"), field(b"a@ \t :")),
        (field(b"a:b"), field(b"a: \t b \t "), field(b"a: b : c")),
    ),
    Case("space-before-colon", "trailers", (trailer(b"a@ : b"),), (trailer(b"a: b"),)),
    Case("name-empty", "fields", (field(b"@: b"), field(b"@:")), (field(b"a: :"),)),
    Case("name-empty", "trailers", (trailer(b"@: b"),), (trailer(b"a:"),)),
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
    Case("name-not-token", "trailers", (trailer(b"@a b: c"),), (trailer(b"a-b: c"),)),
    Case(
        "value-control",
        "fields",
        (field(b"@a: \x00"), field(b"@a: b\x7fc"), field(b"@a: \x0b"), field(b"@a: \x1b[0m")),
        (field(b"a: b\tc"), field(b"a: \x80\xff")),
    ),
    Case("value-control", "trailers", (trailer(b"@a: \x00"),), (trailer(b"a: \t"),)),
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
]


def read(received: bytes) -> ResponseReader:
    reader = ResponseReader()
    reader.receive(received, 0.0)
    reader.close(1.0)
    return reader


def show(data: bytes) -> str:
    return repr(data[-40:])


WRONG = [
    pytest.param(case, data, id=f"{case.code}-{case.area}-{number}")
    for case in CASES
    for number, data in enumerate(case.wrong)
]
RIGHT = [
    pytest.param(data, id=f"{case.code}-{case.area}-{number}")
    for case in CASES
    for number, data in enumerate(case.right)
]


def test_every_code_has_cases_in_each_of_its_areas() -> None:
    expected = {(code, area) for code, rule in RULES.items() for area in rule.areas}
    assert {(case.code, case.area) for case in CASES} == expected
    assert all(case.wrong and case.right for case in CASES)


@pytest.mark.parametrize(("case", "marked"), WRONG)
def test_a_deviation_is_named_at_its_place(case: Case, marked: bytes) -> None:
    reader = read(marked.replace(b"@", b"", 1))
    codes = {deviation.code for deviation in reader.deviations}
    assert case.code in codes
    assert codes <= {case.code} | case.also
    found = next(one for one in reader.deviations if one.code == case.code)
    assert (found.offset, found.area) == (marked.index(b"@"), case.area)
    assert reader.broken == RULES[case.code].fatal
    assert RULES[case.code].sentence in found.message


@pytest.mark.parametrize("received", RIGHT)
def test_the_neighbours_of_a_deviation_are_not_accused(received: bytes) -> None:
    reader = read(received)
    assert reader.deviations == []
    assert not reader.broken


def test_a_flood_of_one_deviation_is_counted_and_hides_no_other() -> None:
    reader = read(field(b"a: b\r\n c\r\n" * 1000 + b"d : e"))
    assert reader.deviation_counts == {"obs-fold": 1000, "space-before-colon": 1}
    assert len(reader.deviations) == KEPT_PER_CODE + 1


def test_several_deviations_of_one_line_are_all_named() -> None:
    reader = read(field(b"a b\t: c\x00\rd\r\n e"))
    assert set(reader.deviation_counts) == {
        "name-not-token",
        "space-before-colon",
        "value-control",
        "bare-cr",
        "obs-fold",
    }


def test_a_message_quotes_few_of_many_bytes() -> None:
    (deviation,) = read(status_line(b"HTTP/9.9 200 " + b"x" * 5000)).deviations
    (long,) = read(field(b"x" * 5000)).deviations
    assert deviation.message.endswith("found b'HTTP/9.9'")
    assert len(long.message) < 200
