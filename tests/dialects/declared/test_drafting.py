"""`dialect new`: a first declaration of one recorded exchange, which the exchange keeps."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from preloaded import PRELOADED
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.core.sent_request import parse_request
from streamchat_conformance.dialects.declared.drafting import drafted
from streamchat_conformance.dialects.registry import dialect_named
from streamchat_conformance.judges import rules_of

from .streams import event, own_red, reading, written
from .test_generated import FILES

if TYPE_CHECKING:
    import subprocess

RECORDED = {
    "named events, with a sentinel": (
        {"message": "Hi there", "turns": [], "session": "x"},
        event('{"delta": "Riv"}', "token")
        + event('{"delta": "ers"}', "token")
        + event('{"usage": 3}', "end")
        + event("[DONE]"),
        {"order", "sentinel", "terminal", "text"},
    ),
    "a type in each event": (
        {"model": "m", "messages": [{"role": "user", "content": "Hi"}]},
        event('{"type": "start", "id": "a"}')
        + event('{"type": "text", "content": "Riv"}')
        + event('{"type": "text", "content": "ers"}')
        + event('{"type": "finish", "all": "Rivers"}'),
        {"terminal", "text", "final-text", "schema"},
    ),
    "a last event that says done": (
        {"prompt": "Hi"},
        event('{"t": "Riv", "done": false}')
        + event('{"t": "ers", "done": false}')
        + event('{"t": "", "done": true}'),
        {"terminal", "text"},
    ),
    "the whole text each time": (
        {"q": "Hi"},
        event('{"sofar": "Riv"}') + event('{"sofar": "Rivers"}') + event('{"sofar": "Rivers a"}'),
        {"text"},
    ),
    "text that is not JSON": (
        {"question": "Hi"},
        event("Rivers", "chunk") + event(" run", "chunk") + event("ok", "end"),
        {"terminal", "text"},
    ),
    "text alone": (
        {"question": "Hi"},
        event("Riv") + event("ers and") + event(" boats"),
        {"text"},
    ),
    "text alone, with a sentinel": (
        {"question": "Hi"},
        event("Riv") + event("ers") + event("[END]"),
        {"text", "sentinel"},
    ),
    "strings, and an end without data": (
        {"input": {"text": "Hi"}},
        event('{"run": "1"}', "metadata")
        + event('"Riv"', "data")
        + event('"ers"', "data")
        + "event: end\n\n",
        {"text", "terminal"},
    ),
    "a kind inside": (
        {"text": "Hi"},
        event('{"turn": "a", "event": {"type": "text", "value": "Riv"}}')
        + event('{"turn": "a", "event": {"type": "text", "value": "ers"}}')
        + event('{"turn": "a", "event": {"type": "done", "why": "stop"}}'),
        {"text", "terminal"},
    ),
    "several parts, some of them thoughts": (
        {"q": "Hi"},
        event('{"parts": [{"t": "so", "thought": true}, {"t": "Ri"}, {"t": "v"}], "done": false}')
        + event('{"parts": [{"t": "e"}, {"t": "rs"}], "done": false}')
        + event('{"parts": [{"t": " and"}], "done": true}'),
        {"text", "terminal"},
    ),
    "nested choices": (
        {"input": {"text": "Hi"}, "opts": {"x": 1}},
        event('{"choices": [{"delta": {"content": "Riv"}}]}')
        + event('{"choices": [{"delta": {"content": "ers"}}]}')
        + event("[DONE]"),
        {"sentinel", "text"},
    ),
}


@pytest.mark.parametrize(("request_", "stream", "rows"), RECORDED.values(), ids=RECORDED)
def test_a_draft_is_kept_by_what_it_was_made_of(
    request_: object, stream: str, rows: set[str], tmp_path: Path
) -> None:
    body = json.dumps(request_).encode()
    sent = parse_request(HttpRequest(body=body).encode(authority="test", path="/talk"))
    events = list(reading(str(FILES[0]), stream).stream.blocks)
    file = written(tmp_path, drafted("mine", sent, events, comments=False))
    own = {id_.partition(".")[2] for id_ in rules_of(file).catalogue if id_.startswith("mine.")}
    assert own >= {"accepted", *(rows - {"order"})}
    assert dialect_named(file).path == "/talk"
    assert own_red(file, stream) == set()
    shared = rules_of(file).judge_all(reading(file, stream))
    assert [id_ for id_, findings in shared if findings and id_.startswith(("sse", "pay"))] == []
    said = "".join(piece.text for piece in reading(file, stream).content.pieces)
    assert said.startswith("Rivers")


def suite(*options: str) -> subprocess.CompletedProcess[str]:
    """Run the suite's command line."""
    return PRELOADED.run_text(
        ["streamchat_conformance", "dialect", *options],
        folder=Path(__file__).parent,
        environment=os.environ,
        limit_s=60,
    )


def test_new_writes_a_file_that_check_takes(tmp_path: Path) -> None:
    recording = tmp_path / "answer.txt"
    head = "HTTP/2 200 \r\ncontent-type: text/event-stream\r\n\r\n"
    recording.write_bytes((head + RECORDED["nested choices"][1]).encode())
    request = tmp_path / "request.json"
    request.write_text('{"input": {"text": "Hi"}}', "utf-8")
    file = tmp_path / "mine.toml"
    done = suite("new", str(recording), f"--request={request}", f"--output={file}")
    assert done.returncode == 0, done.stderr
    checked = suite("check", str(file))
    assert checked.returncode == 0, checked.stderr
    assert "mine.sentinel" in checked.stdout
    again = suite("new", str(recording), f"--output={file}")
    assert again.returncode == 4
    assert "exists" in again.stderr


@pytest.mark.parametrize(
    ("option", "content", "shown"),
    [
        ("--request={file}", "message=Hi", "is not JSON"),
        ("--request={file}", '["Hi"]', "no object"),
        ("--name=My House", "{}", "'My House' must be lower-case letters"),
    ],
)
def test_new_refuses_a_wrong_request_or_name_in_one_line(
    tmp_path: Path, option: str, content: str, shown: str
) -> None:
    recording, file = tmp_path / "answer.txt", tmp_path / "request"
    head = "HTTP/2 200 \r\ncontent-type: text/event-stream\r\n\r\n"
    recording.write_bytes((head + RECORDED["nested choices"][1]).encode())
    file.write_text(content, "utf-8")
    done = suite("new", str(recording), option.format(file=file))
    assert (done.returncode, done.stdout) == (4, "")
    assert len(done.stderr.splitlines()) == 1
    assert shown in done.stderr


def test_new_reports_what_has_no_stream_in_one_line(tmp_path: Path) -> None:
    recording = tmp_path / "answer.txt"
    recording.write_bytes(b"HTTP/1.1 404 Not Found\r\n\r\nno")
    for options in (("new", str(recording)), ("new", str(tmp_path / "none"))):
        done = suite(*options)
        assert done.returncode == 4
        assert len(done.stderr.splitlines()) == 1
        assert "Traceback" not in done.stderr


def test_new_says_what_it_assumes_and_takes_the_path_from_a_url(tmp_path: Path) -> None:
    recording = tmp_path / "answer.txt"
    head = "HTTP/2 200 \r\ncontent-type: text/event-stream\r\n\r\n"
    recording.write_bytes((head + RECORDED["nested choices"][1]).encode())
    done = suite("new", str(recording))
    assert done.returncode == 0
    assert 'path = "/chat"' in done.stdout
    assert "# The recording does not say the path" in done.stdout
    assert [line.partition(";")[2] for line in done.stderr.splitlines()] == [
        " give --url URL, or change 'path' in the file",
        " give --request FILE, or change 'template' in the file",
    ]
    done = suite("new", str(recording), "--url=http://127.0.0.1:8000/v2/talk?alt=sse")
    assert 'path = "/v2/talk?alt=sse"' in done.stdout
    assert "path" not in done.stderr
    done = suite("new", str(recording), "--url=127.0.0.1:8000")
    assert (done.returncode, done.stdout) == (4, "")
    assert "is no URL with a path" in done.stderr


@pytest.mark.parametrize(
    ("request_", "shown"),
    [
        (
            {
                "message": "Where?",
                "log": [
                    {"speaker": "customer", "said": "Hi"},
                    {"speaker": "agent", "said": "Yes?"},
                ],
            },
            'roles = { user = "customer", assistant = "agent" }',
        ),
        (
            {"message": "Where?", "log": [{"by": "A", "text": "Hi"}, {"by": "B", "text": "Yes?"}]},
            'roles = { user = "A", assistant = "B" }',
        ),
        (
            {"log": [{"role": "system", "text": "Be short"}, {"role": "user", "text": "Hi"}]},
            'roles = { user = "user", assistant = "assistant" }',
        ),
        (
            {"lines": [{"p": each, "words": "Oh, hello"} for each in ("x", "y", "x")]},
            'roles = { user = "x", assistant = "y" }\nprompt_in_history = true',
        ),
        ({"files": [{"name": "a", "body": "x y"}, {"name": "b", "body": "z"}]}, "was added"),
    ],
)
def test_a_draft_finds_whose_turn_it_is_in_a_history(
    request_: dict[str, object], shown: str
) -> None:
    sent = parse_request(
        HttpRequest(body=json.dumps(request_).encode()).encode(authority="test", path="/talk")
    )
    stream = RECORDED["a last event that says done"][1]
    events = list(reading(str(FILES[0]), stream).stream.blocks)
    assert shown in drafted("mine", sent, events, comments=False)


def test_a_key_in_the_url_stands_in_no_draft(tmp_path: Path) -> None:
    recording = tmp_path / "answer.txt"
    head = "HTTP/2 200 \r\ncontent-type: text/event-stream\r\n\r\n"
    recording.write_bytes((head + RECORDED["nested choices"][1]).encode())
    url = "--url=http://127.0.0.1:8000/talk?alt=sse&token=orc-1"
    done = suite("new", str(recording), url)
    assert 'path = "/talk?alt=sse"' in done.stdout
    assert 'query = "token"' in done.stdout
    assert "orc-1" not in done.stdout
