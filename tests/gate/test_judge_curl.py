"""Judging what curl wrote: its own lines, the answers of proxies, and what it has undone."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from streamchat_fixtures.control import ControlServer, ControlSettings

from .judging import CHAT, ECHO, HEAD, LIMIT_S, STREAM, Judge, chunk

CUT = HEAD + chunk(ECHO) + chunk(ECHO)
UNDONE = HEAD + ECHO + ECHO
TIMED_OUT = b"curl: (28) Operation timed out after 1000 milliseconds with 335 bytes received\n"
CLOSED = b"curl: (18) transfer closed with outstanding read data remaining\n"
RESET = b"curl: (56) Recv failure: Connection reset by peer\n"
SENT = (
    b"> POST /v1/chat HTTP/1.1\r\n> Host: chat.example\r\n> Content-Type: application/json\r\n"
    b"> Content-Length: 38\r\n> \r\n"
)


# -- curl's error line ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "recording",
    [
        CUT + TIMED_OUT,
        CUT[:-40] + TIMED_OUT,
        TIMED_OUT + CUT,
        CUT[:-40] + TIMED_OUT + CUT[-40:],
        UNDONE + TIMED_OUT,
        UNDONE[:-9] + TIMED_OUT.rstrip(),
        CUT + b"curl: (23) Failed writing body (0 != 16)\r\n",
    ],
)
@pytest.mark.parametrize("options", [[], ["--ended"]])
def test_a_stream_that_curl_left_has_no_end_to_judge(
    judge: Judge, recording: bytes, options: list[str]
) -> None:
    judged = judge(recording, *options)
    assert judged.code == 0, judged.out
    assert judged.outcome("transport.terminated") == "not-applicable"
    assert judged.outcome("sse.fields") == "pass"
    assert "curl reported: (" in judged.out


@pytest.mark.parametrize("words", [CLOSED, RESET])
@pytest.mark.parametrize("received", [CUT, UNDONE, UNDONE[:-9]])
def test_a_stream_that_curl_says_was_cut_was_cut(
    judge: Judge, received: bytes, words: bytes
) -> None:
    judged = judge(received + words)
    assert judged.failed() == {"transport.terminated"}


def test_a_refusal_that_curl_says_was_cut_is_not_delimited(judge: Judge) -> None:
    (judge.folder / "bad.json").write_bytes(b"{")
    refusal = (
        b"HTTP/1.1 400 Bad\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n"
        b'{"error": "Request body must be JSON"}\n'
        b"curl: (18) transfer closed with 61 bytes remaining to read\n"
    )
    judged = judge(refusal, f"--request={judge.folder / 'bad.json'}")
    assert judged.outcome("error.delimited") == "fail"


@pytest.mark.parametrize(
    "words",
    [
        b"curl: (56) Malformed encoding found in chunked-encoding\n",
        b"curl: (56) Illegal or missing hexadecimal sequence in chunked-encoding\n",
        b"curl: (56) chunk hex-length char not a hex digit: 0x2d\n",
    ],
)
def test_chunks_that_curl_could_not_read_are_broken(judge: Judge, words: bytes) -> None:
    judged = judge(HEAD + ECHO + b"\r\n43\r\ndata: x" + words)
    assert judged.failed() == {"transport.chunks-well-formed"}
    assert judged.outcome("sse.fields") == "not-applicable"
    assert judged.outcome("transport.terminated") == "not-applicable"
    wrong = HEAD + chunk(ECHO) + b"zz\r\n"
    assert judge(wrong + words).failed() == {"transport.chunks-well-formed"}


def test_an_empty_reply_is_the_servers(judge: Judge) -> None:
    judged = judge(b"curl: (52) Empty reply from server\n")
    assert judged.failed() == {"request.valid-accepted"}
    assert judge(RESET).failed() == {"request.valid-accepted"}


def test_the_body_that_fail_leaves_out_is_not_judged(judge: Judge) -> None:
    (judge.folder / "bad.json").write_bytes(b"{")
    head = b"HTTP/1.1 400 Bad\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n"
    words = b"curl: (22) The requested URL returned error: 400\n"
    for recording in (words + head, head + words):
        judged = judge(recording, f"--request={judge.folder / 'bad.json'}", "--ended")
        assert judged.code == 0, judged.out
        assert judged.outcome("error.shape") == "not-applicable"
        assert judged.outcome("error.status") == "pass"


def test_text_of_a_stream_that_looks_like_curls_stays(judge: Judge) -> None:
    text = b'data: {"response": "curl: (28) Operation timed out"}\n\n'
    judged = judge(HEAD + chunk(text) + b"0\r\n\r\n")
    assert judged.code == 0
    assert "curl reported" not in judged.out


# -- verbose lines and progress ------------------------------------------------------------


def verbose(received: bytes) -> bytes:
    """Return a response as `curl -v` alone shows it."""
    head, _, body = received.partition(b"\r\n\r\n")
    lines = b"".join(b"< %s\r\n" % line for line in [*head.split(b"\r\n"), b""])
    first = b"* Connected to chat.example (192.0.2.1) port 80 (#0)\n"
    return first + SENT + b"} [38 bytes data]\n" + lines + b"{ [67 bytes data]\n" + body


def test_verbose_lines_hold_the_heads(judge: Judge) -> None:
    judged = judge(verbose(STREAM) + b"* Connection #0 to host chat.example left intact\n")
    assert judged.code == 0, judged.out
    for id_ in ("headers.media-type", "transport.terminated", "transport.chunks-well-formed"):
        assert judged.outcome(id_) == "pass", id_
    assert judged.report is not None
    assert judged.report["target"]["url"] == "http://chat.example/v1/chat"


def test_interim_responses_have_no_empty_line_in_verbose_lines(judge: Judge) -> None:
    hints = b"< HTTP/1.1 103 Early Hints\r\n< Link: </a.css>\r\n< HTTP/1.1 200 OK\r\n"
    judged = judge(verbose(STREAM).replace(b"< HTTP/1.1 200 OK\r\n", hints))
    assert judged.code == 0, judged.out
    assert judged.outcome("headers.well-formed") == "pass"


def test_verbose_lines_inside_a_stream_are_curls(judge: Judge) -> None:
    middle = len(CUT) - 40
    inserted = b"{ [67 bytes data]\n"
    recording = verbose(CUT[:middle]) + inserted + CUT[middle:] + b"0\r\n\r\n"
    assert judge(recording).code == 0
    judged = judge(
        verbose(UNDONE) + b"* TLSv1.3 (IN), TLS handshake, Newsession Ticket (4):\n" + ECHO
    )
    assert judged.code == 0
    assert judged.outcome("sse.fields") == "pass"


def test_the_last_verbose_line_says_how_the_transfer_ended(judge: Judge) -> None:
    intact = b"* Connection #0 to host chat.example left intact\n"
    assert judge(verbose(UNDONE) + intact).outcome("transport.terminated") == "pass"
    closed = b"* transfer closed with outstanding read data remaining\n* Closing connection 0\n"
    assert judge(verbose(UNDONE) + closed).failed() == {"transport.terminated"}


def test_a_refusal_with_verbose_text_on_its_line_is_read(judge: Judge) -> None:
    (judge.folder / "bad.json").write_bytes(b"{")
    refusal = (
        b"HTTP/1.1 400 Bad\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
        b'\r\n{"error": "Request body must be JSON"}'
    )
    recording = verbose(refusal) + b"* Connection #0 to host chat.example left intact\n"
    judged = judge(recording, f"--request={judge.folder / 'bad.json'}")
    assert judged.code == 0, judged.out
    assert judged.outcome("error.shape") == "pass"


METER = b"\r100   286    0   247  100    39    409     64 --:--:--  0:00:01 --:--:--   473"
HEADINGS = (
    b"  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current\n"
    b"                                 Dload  Upload   Total   Spent    Left  Speed\n"
)


def test_a_progress_meter_is_not_the_servers(judge: Judge) -> None:
    middle = len(HEAD + chunk(ECHO))
    for part in (METER, METER * 3):
        recording = HEADINGS + part + STREAM[:middle] + part + STREAM[middle:] + part + b"\n"
        judged = judge(recording)
        assert judged.code == 0, judged.out
        assert judged.outcome("transport.chunks-well-formed") == "pass"
    assert judge(HEADINGS + METER + CUT + METER + b"\n" + TIMED_OUT).code == 0


def test_a_progress_bar_is_not_the_servers(judge: Judge) -> None:
    bar = b"\r" + b"#" * 72 + b" 100.0%"
    middle = len(HEAD + chunk(ECHO))
    judged = judge(bar + STREAM[:middle] + bar + STREAM[middle:] + bar + b"\n")
    assert judged.code == 0, judged.out
    assert judged.outcome("transport.terminated") == "pass"


def test_a_body_into_which_curl_wrote_something_unknown_is_not_judged(judge: Judge) -> None:
    middle = len(HEAD + chunk(ECHO))
    unknown = METER + b"\r 12 |=====>    | eta 3"
    judged = judge(HEADINGS + METER + STREAM[:middle] + unknown + STREAM[middle:])
    assert judged.code == 0, judged.out
    assert judged.outcome("transport.chunks-well-formed") == "not-applicable"
    assert judged.outcome("headers.media-type") == "pass"


TAILS = [
    b"\n200 0.602780\n",
    b"real\t0m0.6s\nuser\t0m0.0s\n",
    b"$ ",
    b"X-Checksum: 5\r\nX-B: 1\r\n",
]


@pytest.mark.parametrize("tail", TAILS)
def test_what_stands_behind_the_last_event_may_be_the_recorders(judge: Judge, tail: bytes) -> None:
    intact = b"* Connection #0 to host chat.example left intact\n"
    bare = UNDONE.partition(b"\r\n\r\n")[2]
    for received in (UNDONE, bare, STREAM, verbose(UNDONE) + intact):
        assert judge(received + tail).code == 0
        assert judge(received + tail, "--ended").code == 0
    assert judge(UNDONE + b"[DONE]\n\n").failed() == {"sse.fields"}


def test_a_pasted_file_may_have_lost_the_empty_lines_at_its_end(judge: Judge) -> None:
    with_length = HEAD.replace(b"Transfer-Encoding: chunked", b"Content-Length: %d" % len(ECHO))
    for received in (UNDONE, with_length + ECHO):
        judged = judge(received.replace(b"\r", b"").strip(), "--ended")
        assert judged.code == 0, judged.out
        assert judged.outcome("sse.final-blank-line") == "not-applicable"


def test_a_pasted_terminal_begins_with_a_command(judge: Judge) -> None:
    assert judge(b"$ curl -isN --raw -d @chat.json http://127.0.0.1:8000/\n" + STREAM).code == 0
    bare = HEADINGS + METER + ECHO + METER + b"\n"
    judged = judge(bare)
    assert judged.code == 0, judged.out + judged.error
    assert judged.report is not None
    assert judged.report["recordings"][0]["format"] == "body"


# -- answers of others ---------------------------------------------------------------------

ESTABLISHED = b"HTTP/1.1 200 Connection established\r\nProxy-Agent: squid\r\n\r\n"
WANTED = b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n"
MOVED = b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /api/stream-chat\r\n\r\n"
CHALLENGE = b'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm="x"\r\n\r\n'


@pytest.mark.parametrize(
    "before",
    [ESTABLISHED, WANTED + ESTABLISHED, WANTED, MOVED, CHALLENGE, ESTABLISHED + MOVED * 3],
)
@pytest.mark.parametrize("received", [STREAM, b"HTTP/1.1 100 Continue\r\n\r\n" + STREAM, UNDONE])
def test_heads_before_the_last_answer_are_not_judged(
    judge: Judge, before: bytes, received: bytes
) -> None:
    judged = judge(before + received)
    assert judged.code == 0, judged.out
    assert judged.outcome("headers.media-type") == "pass"


def test_a_second_answer_inside_a_stream_is_the_servers(judge: Judge) -> None:
    second = b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n"
    assert "transport.body-only" in judge(HEAD + chunk(second) + b"0\r\n\r\n").failed()
    assert "transport.body-only" in judge(UNDONE + second, "--ended").failed()


# -- HTTP/1.0 ------------------------------------------------------------------------------

CLOSING = (
    HEAD.replace(b"Transfer-Encoding: chunked\r\n", b"").replace(b"keep-alive", b"close") + ECHO
)


def test_what_a_client_of_http10_would_get_is_not_held_against_the_server(judge: Judge) -> None:
    for recording in (CLOSING, CLOSING.replace(b"HTTP/1.1", b"HTTP/1.0")):
        judged = judge(recording, "--ended")
        assert judged.code == 0, judged.out
        assert judged.outcome("transport.version") == "not-applicable"
        assert "HTTP/1.0" in judged.out


def test_the_requests_head_decides_what_its_version_does(judge: Judge) -> None:
    assert "transport.delimited" in judge(verbose(CLOSING)).failed()
    old = verbose(CLOSING.replace(b"HTTP/1.1", b"HTTP/1.0"))
    assert "transport.version" in judge(old).failed()


# -- curl itself ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "decided"),
    [
        ("-isN --raw", "transport.terminated"),
        ("-isSN --raw -m 0.3", "transport.chunks-well-formed"),
        ("-isS --raw -m 0.3", "transport.chunks-well-formed"),
        ("-iN --raw -m 0.3", "headers.well-formed"),
        ("-isSN -m 0.3", "sse.fields"),
        ("-vN", "transport.terminated"),
        ("-isNv --raw", "transport.terminated"),
        ("-vN --http1.0", "transport.http10"),
        ("-isN --http1.0", "sse.fields"),
        ("-isNL --raw --compressed", "transport.terminated"),
        ("-sN -D - --raw -w %{http_code}", "transport.terminated"),
    ],
)
def test_what_curl_writes_of_a_good_server_is_clean(
    judge: Judge, tmp_path: Path, options: str, decided: str
) -> None:
    program = shutil.which("curl")
    assert program is not None, "these tests need curl"
    (tmp_path / "chat.json").write_bytes(CHAT)
    with ControlServer([], settings=ControlSettings(interval_s=0.1)) as server:
        url = f"{server.url.rstrip('/')}/api/stream-chat"
        sent = ["-H", "Content-Type: application/json", "-d", f"@{tmp_path / 'chat.json'}"]
        received = subprocess.run(
            [program, *options.split(), *sent, url],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=LIMIT_S,
            check=False,
        ).stdout
    judged = judge(received, f"--request={tmp_path / 'chat.json'}")
    assert judged.code == 0, f"{received!r}\n{judged.out}{judged.error}"
    assert judged.outcome(decided) == "pass"
