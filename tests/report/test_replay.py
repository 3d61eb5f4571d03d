"""`replay`: a finding's request is sent again, from the report alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from streamchat_conformance.commands import replay
from streamchat_conformance.core.exchange import Exchange
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.dialects.stream_chat.requests import ChatRequest
from streamchat_conformance.suite.verdicts.outcomes import Outcome
from streamchat_fixtures.control import ControlServer
from streamchat_fixtures.faults import FAULTS

from .reports import stream, value

ID = "error.media-type"
FAULT = "errors-as-text-plain"
OLD = "127.0.0.1:1"
REFUSED = HttpRequest(body=b'{"history": []}')
Saved = Callable[..., str]


@pytest.fixture
def saved(tmp_path: Path) -> Saved:
    """Write a report with findings on these exchanges, and return its file."""

    def save(*exchanges: Exchange | None, id_: str = ID, **options: object) -> str:
        found = [(Finding(id_, f"finding {n}"), each) for n, each in enumerate(exchanges, 1)]
        report = value({id_: Outcome.FAIL}, findings={id_: found}, **options)  # type: ignore[arg-type]  # value's own
        file = tmp_path / "report.json"
        file.write_text(json.dumps(report))
        return str(file)

    return save


def sent(request: HttpRequest, **options: object) -> Exchange:
    extra = options.pop("extra", ())
    data = request.encode(authority=OLD, path="/api/stream-chat", extra=extra)  # type: ignore[arg-type]  # encode's own
    return Exchange(data, **options)  # type: ignore[arg-type]  # Exchange's own


def test_a_finding_shows_again_on_the_faulty_server_and_not_on_a_sound_one(
    saved: Saved, capsys: pytest.CaptureFixture[str]
) -> None:
    file = saved(sent(REFUSED))
    with ControlServer([FAULTS[FAULT]]) as server:
        assert replay.main([file, ID, f"--target-url={server.url}"]) == 1
    printed = capsys.readouterr().out
    assert "verdict   the finding shows again" in printed
    assert "HTTP/1.1 400" in printed
    assert "Content-Type: text/" in printed
    with ControlServer() as server:
        assert replay.main([file, ID, f"--target-url={server.url}"]) == 0
    printed = capsys.readouterr().out
    assert "verdict   the finding does not show again" in printed
    assert "answer    other than the recorded no answer" in printed


def test_a_request_of_a_mebibyte_is_sent_whole(
    saved: Saved, capsys: pytest.CaptureFixture[str]
) -> None:
    large = HttpRequest.chat(ChatRequest("x" * 1_048_576))
    file = saved(sent(large), id_="request.very-large-prompt")
    with ControlServer() as server:
        assert replay.main([file, "request.very-large-prompt", f"--target-url={server.url}"]) == 0
    printed = capsys.readouterr().out
    assert "HTTP/1.1 200" in printed
    assert "bytes more" in printed
    assert len(printed) < 20_000


def test_a_finding_is_chosen_by_its_number_and_without_an_id_all_are_listed(
    saved: Saved, capsys: pytest.CaptureFixture[str]
) -> None:
    file = saved(sent(REFUSED), sent(HttpRequest(body=b"[]")))
    assert replay.main([file]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert listed == [f"{ID} 1 (MUST): finding 1", f"{ID} 2 (MUST): finding 2"]
    with ControlServer() as server:
        assert replay.main([file, ID, "2", f"--target-url={server.url}"]) == 0
    printed = capsys.readouterr().out
    assert "(finding 2 of 2)" in printed
    assert "Request body must be JSON" in printed


def test_a_redacted_secret_must_be_given_again(
    saved: Saved, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = ("Authorization", "Bearer sesame-opens")
    file = saved(sent(REFUSED, extra=[secret]), headers=[secret])
    assert "sesame" not in Path(file).read_text()
    assert replay.main([file, ID]) == 4
    assert "--target-header 'Authorization: …'" in capsys.readouterr().err
    with ControlServer() as server:
        options = [file, ID, f"--target-url={server.url}"]
        assert replay.main([*options, "--target-header=Authorization: Bearer swordfish"]) == 0
        monkeypatch.setenv(replay.HEADER_VARIABLE, "authorization: Bearer swordfish")
        assert replay.main(options) == 0
    assert "swordfish" not in capsys.readouterr().out


def test_a_malformed_or_half_sent_request_is_sent_as_it_is_and_a_note_says_so(
    saved: Saved, capsys: pytest.CaptureFixture[str]
) -> None:
    torn = sent(REFUSED, sent_bytes=20, position=1)
    file = saved(Exchange(torn.request[:-4], sent_bytes=20, position=1))
    with ControlServer() as server:
        replay.main([file, ID, f"--target-url={server.url}", "--watch=1"])
    printed = capsys.readouterr().out
    assert "note      it was request 2 on its connection" in printed
    assert "note      20 of " in printed
    assert "not whole, on purpose" in printed


def test_what_one_exchange_cannot_decide_is_undecided(
    saved: Saved, capsys: pytest.CaptureFixture[str]
) -> None:
    file = saved(sent(REFUSED), id_="resilience.alive")
    with ControlServer() as server:
        assert replay.main([file, "resilience.alive", f"--target-url={server.url}"]) == 5
    assert "--requirement resilience.alive" in capsys.readouterr().out


def test_a_server_that_is_gone_is_not_testable(
    saved: Saved, capsys: pytest.CaptureFixture[str]
) -> None:
    with ControlServer() as server:
        url = server.url
    assert replay.main([saved(sent(REFUSED)), ID, f"--target-url={url}"]) == 6
    assert "--target-url" in capsys.readouterr().out


def test_the_path_and_the_host_follow_the_servers_url(
    saved: Saved, capsys: pytest.CaptureFixture[str]
) -> None:
    file = saved(sent(REFUSED))
    with ControlServer() as server:
        assert replay.main([file, ID, f"--target-url={server.url}/elsewhere"]) == 5
        assert "HTTP/1.1 404" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["error.media-tipe"], "did you mean 'error.media-type'"),
        (["sse.fields"], "no finding in this report"),
        ([ID, "3"], "findings 1 to 2, not 3"),
        ([ID, "2"], "no single request"),
        ([ID, "--target-url=ftp://x"], "only http and https"),
        ([ID, "--target-header=x"], "write 'Name: value'"),
        ([ID, "--watch=0"], "above 0"),
        ([ID, "one"], "NUMBER"),
    ],
)
def test_a_mistake_is_one_line_with_its_cure(
    saved: Saved, capsys: pytest.CaptureFixture[str], arguments: list[str], shown: str
) -> None:
    assert replay.main([saved(stream(0.1), None), *arguments]) == 4
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert shown in captured.err
    assert not captured.out
