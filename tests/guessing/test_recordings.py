"""Recordings of all kinds show their dialect, and the command that is printed judges them."""

from __future__ import annotations

import contextlib
import io
import json
import shlex
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sampling import examples
from streamchat_conformance.commands import guess, judge
from streamchat_conformance.core.exchange import Ending, Exchange, Read
from streamchat_conformance.dialects.signatures import certain
from streamchat_conformance.guessing.recordings import recorded_guesses
from streamchat_conformance.judges import Reading
from streamchat_conformance.offline.recording import RecordingError
from streamchat_conformance.suite.target.recognising import answer_seen
from streamchat_fixtures import dialects
from streamchat_fixtures import exchanges as articles
from streamchat_fixtures.dialects.anthropic import exchanges as messages
from streamchat_fixtures.dialects.openai import exchanges as completions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CHUNK = (
    b'data: {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", '
    b'"choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": null}]}\n\n'
)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(CHUNK), CHUNK)


@pytest.fixture
def guessed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[[bytes], tuple[int, str]]:
    """Return a function that guesses of a file with such content: the exit code, the output."""

    def guessed(data: bytes) -> tuple[int, str]:
        file = tmp_path / "recording"
        file.write_bytes(data)
        code = guess.main([str(file)])
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return guessed


def entry(url: str, answer: str, *, method: str = "POST", asked: str = "{}") -> dict[str, Any]:
    """Return an entry of an HTTP archive."""
    return {
        "request": {
            "method": method,
            "url": url,
            "headers": [{"name": "Content-Type", "value": "application/json"}],
            "postData": {"text": asked},
        },
        "response": {
            "status": 200,
            "httpVersion": "http/2.0",
            "headers": [{"name": "content-type", "value": "text/event-stream"}],
            "content": {"size": len(answer), "text": answer},
        },
    }


def archive(*entries: dict[str, Any]) -> bytes:
    """Return an HTTP archive."""
    return json.dumps({"log": {"entries": list(entries)}}).encode()


@pytest.mark.parametrize(
    "data",
    [
        CHUNKED,
        HEAD + b"\r\n" + CHUNK,
        b"HTTP/2 200 \r\ncontent-type: text/event-stream\r\n\r\n" + CHUNK,
        b"\xef\xbb\xbf" + CHUNK,
        CHUNK.replace(b"\n", b"\r\n"),
        CHUNK.replace(b"\n", b"\r"),
        CHUNK.rstrip(b"\n"),
        b": comment\n\nretry: 10\n\n" + CHUNK,
        CHUNK.replace(b'"choices"', b'\ndata: "choices"'),
        CHUNK.removeprefix(b"data: "),
        b"HTTP/1.1 200 OK\n\n" + CHUNK,
        b"* Trying ::1\n> POST /v1/chat/completions HTTP/1.1\n> Host: x\n> \n< HTTP/1.1 200 OK\n"
        b"< Content-Type: text/event-stream\n< \n" + CHUNK,
        archive(entry("http://h/v1/chat/completions", CHUNK.decode())),
        CHUNK.decode().encode("utf-16"),
    ],
)
def test_one_stream_is_recognised_however_it_was_recorded(
    data: bytes, guessed: Callable[[bytes], tuple[int, str]]
) -> None:
    code, output = guessed(data)
    assert code == 0
    assert "openai (Chat Completions): sure" in output


def test_standard_input_is_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(CHUNK)))
    assert guess.main(["-"]) == 0
    assert "judge     streamchat-conformance judge --dialect openai -" in capsys.readouterr().out


def test_the_command_that_is_printed_judges_the_recording(
    guessed: Callable[[bytes], tuple[int, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    _, output = guessed(archive(entry("http://h/openai/chat/completions", CHUNK.decode())))
    (command,) = [line for line in output.splitlines() if line.startswith("  judge ")]
    assert "--endpoint-path /openai/chat/completions" in command
    assert judge.main(shlex.split(command)[3:]) in (0, 1)
    assert "openai." in capsys.readouterr().out


def test_each_endpoint_of_an_archive_is_guessed(
    guessed: Callable[[bytes], tuple[int, str]],
) -> None:
    code, output = guessed(
        archive(
            entry("http://h/page", "<html></html>", method="GET"),
            entry("http://h/log", "ok"),
            entry("http://h/v1/chat/completions", CHUNK.decode()),
            entry("http://h/api/stream-chat", "data: {}\n\n", asked='{"prompt":"a","history":[]}'),
            {"request": None},
        )
    )
    assert code == 0
    assert "openai (Chat Completions): sure" in output
    assert "stream-chat (streaming chat with a prompt): likely" in output
    assert "not recognised: 1 more" in output


def test_what_nothing_recognises_is_shown_as_it_was_seen(
    guessed: Callable[[bytes], tuple[int, str]],
) -> None:
    code, output = guessed(HEAD + b'\r\nevent: tick\ndata: {"alpha": 1, "beta": "[31m"}\n\n')
    assert code == 4
    assert "not recognised" in output
    assert "the answer 200 text/event-stream" in output
    assert "events named tick" in output
    assert "the members alpha, beta" in output


def test_as_much_for_two_families_is_no_certainty(
    guessed: Callable[[bytes], tuple[int, str]],
) -> None:
    error = b'{"error": {"message": "no", "type": "x", "param": null, "code": null}}'
    code, output = guessed(error)
    assert code == 0
    assert ": unsure" in output
    assert "or        OpenAI's Responses API" in output


def test_a_family_that_the_suite_does_not_judge_is_named(
    guessed: Callable[[bytes], tuple[int, str]],
) -> None:
    code, output = guessed(b'{"model": "m", "created_at": "", "message": {}, "done": false}\n')
    assert code == 0
    assert "dialect   Ollama's own API: sure" in output
    assert "no dialect of this version judges that: its answers are no event streams" in output


@pytest.mark.parametrize("data", [b"", b" \n", b"\xff\xfe\x00"])
def test_an_empty_recording_is_a_mistake_in_one_line(
    data: bytes, guessed: Callable[[bytes], tuple[int, str]]
) -> None:
    code, output = guessed(data)
    assert code == 4
    assert output.count("\n") == 1


def test_text_of_a_server_cannot_act_on_the_terminal(
    guessed: Callable[[bytes], tuple[int, str]],
) -> None:
    _, output = guessed(HEAD + b"\r\nevent: \x1b[2J\ndata: \x1b]0;x\x07\n\n")
    assert "\x1b" not in output
    assert "\x07" not in output
    _, output = guessed(archive(entry("http://h/v1/messages/\x1b[2J';rm", "event: ping\n\n")))
    assert "\x1b" not in output


def test_deep_and_large_json_is_no_fault(guessed: Callable[[bytes], tuple[int, str]]) -> None:
    for data in (b"[" * 100_000, b'{"a":' * 100_000, b"data: " + b"[" * 200_000, b"9" * 100_000):
        code, output = guessed(data)
        assert code == 4
        assert "fault of the suite" not in output


@settings(deadline=None, max_examples=examples(60))
@given(st.one_of(st.binary(max_size=300), st.text(max_size=200).map(str.encode)))
def test_no_bytes_make_it_raise(data: bytes) -> None:
    with contextlib.suppress(RecordingError):
        recorded_guesses(data, "x")


@pytest.mark.parametrize(
    ("dialect", "load", "least"),
    [
        ("stream-chat", articles.load_exchanges, 350),
        ("openai", completions.load_exchanges, 150),
        ("anthropic", messages.load_exchanges, 60),
    ],
)
def test_no_recorded_exchange_is_taken_for_another_dialects(
    dialect: str, load: Callable[[], list[Any]], least: int
) -> None:
    found = []
    for case in load():
        exchange = Exchange(
            request=case.sent, reads=(Read(0.0, case.received),), ending=Ending.CLOSED
        )
        signature = certain([answer_seen(Reading(exchange))])
        found += [signature.name] if signature is not None else []
    assert set(found) == {dialect}
    assert len(found) >= least
    assert dialect in dialects.NAMES


@pytest.mark.parametrize(
    ("data", "dialect", "note"),
    [
        (CHUNKED, "stream-chat", "it looks like Chat Completions: judge it with --dialect openai"),
        (CHUNKED, "openai", ""),
        (
            HEAD + b'\r\nevent: response.created\ndata: {"type": "response.created"}\n\n',
            "openai",
            "it looks like OpenAI's Responses API: no dialect of this version judges that",
        ),
    ],
)
def test_judging_a_recording_of_another_dialect_says_so(
    data: bytes, dialect: str, note: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "recording"
    file.write_bytes(data)
    assert judge.main([f"--dialect={dialect}", str(file)]) in (0, 1)
    output = capsys.readouterr().out
    assert note in output
    assert ("it looks like" in output) is bool(note)
