"""Judging recordings that an editor, a text field or a shell has rewritten on the way."""

from __future__ import annotations

import re

import pytest

from .judging import ECHO, HEAD, STREAM, Judge, chunk

CUT = HEAD + chunk(ECHO) + chunk(ECHO)
UNDONE = HEAD + ECHO + ECHO


def test_a_file_without_one_cr_says_nothing_of_line_ends(judge: Judge) -> None:
    for received in (STREAM, CUT, UNDONE, CUT[:-9], STREAM.rstrip()):
        judged = judge(received.replace(b"\r", b""))
        assert judged.code == 0, judged.out
        assert judged.outcome("headers.well-formed") == "not-applicable"
        assert judged.outcome("transport.chunks-well-formed") == "not-applicable"
        assert judged.outcome("headers.media-type") == "pass"
        assert judged.outcome("payload.json") == "pass"
        assert "may have been pasted" in judged.out


def test_a_stream_of_cr_lf_is_read_although_its_crs_were_lost(judge: Judge) -> None:
    event = ECHO.replace(b"\n", b"\r\n")
    stream = HEAD + chunk(event) * 2 + b"0\r\n\r\n"
    judged = judge(stream.replace(b"\r", b""))
    assert judged.code == 0, judged.out
    assert judged.outcome("payload.json") == "pass"
    assert judged.outcome("sse.line-endings") == "not-applicable"
    assert judge(stream).outcome("sse.line-endings") == "fail"


def test_a_body_that_cannot_be_restored_is_not_judged(judge: Judge) -> None:
    wrong = STREAM.replace(b"\r", b"").replace(b"Hello", b"Hell")
    judged = judge(wrong)
    assert judged.code == 0, judged.out
    assert judged.outcome("payload.json") == "not-applicable"
    assert judged.outcome("headers.media-type") == "pass"


def test_a_refusal_without_crs_is_judged_by_what_it_says(judge: Judge) -> None:
    (judge.folder / "bad.json").write_bytes(b"{")
    for body in (b'{"error": "x"}', b'{"error":\r\n "x"}\r\n'):
        head = b"HTTP/1.1 400 Bad\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        recording = (head % len(body) + body).replace(b"\r", b"")
        for added in (b"", b"\n"):
            judged = judge(recording + added, f"--request={judge.folder / 'bad.json'}", "--ended")
            assert judged.code == 0, judged.out
            assert judged.outcome("error.shape") == "pass"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32", "utf-8-sig"])
@pytest.mark.parametrize("received", [STREAM, CUT, UNDONE, ECHO * 2])
def test_a_shell_may_have_rewritten_the_file(judge: Judge, received: bytes, encoding: str) -> None:
    text = received.decode()
    if encoding != "utf-8-sig":
        text = re.sub("\r?\n", "\r\n", text)
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    judged = judge((mark + text).encode(encoding))
    assert judged.code == 0, judged.out + judged.error
    assert judged.outcome("payload.json") == "pass"
    if encoding != "utf-8-sig":
        assert judged.outcome("headers.well-formed") == "not-applicable"
    if received.startswith(b"data"):
        assert judged.outcome("sse.bom") == "not-applicable"


def test_line_ends_that_an_editor_widened_are_not_the_servers(judge: Judge) -> None:
    widened = re.sub(b"\r?\n", b"\r\n", STREAM)
    judged = judge(widened)
    assert judged.code == 0, judged.out
    assert judged.outcome("payload.json") == "pass"
    assert judged.outcome("sse.line-endings") == "not-applicable"


def test_a_wrong_chunk_size_is_still_found(judge: Judge) -> None:
    wrong = HEAD + chunk(ECHO) + b"9\r\n" + ECHO + b"\r\n0\r\n\r\n"
    assert "transport.chunks-well-formed" in judge(wrong).failed()
    assert "transport.chunks-well-formed" in judge(HEAD + b"0x3e\r\n" + ECHO).failed()


def test_a_content_coding_that_curl_undid_is_not_held_against_the_body(judge: Judge) -> None:
    coded = HEAD.replace(b"Date", b"Content-Encoding: gzip\r\nDate")
    for head in (coded, coded.replace(b"Transfer-Encoding: chunked", b"Content-Length: 99")):
        judged = judge(head + ECHO)
        assert judged.code == 0, judged.out
        assert judged.outcome("payload.json") == "pass"
        assert judged.outcome("headers.identity-encoding") == "not-applicable"
