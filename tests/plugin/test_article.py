"""The article's own server, judged as a user would: as printed, and with its one line fixed."""

from __future__ import annotations

from pathlib import Path

import pytest

from .harness import Run, judge, serving
from .test_report import check_form

STREAM_AREAS = ("headers.", "payload.", "sse.", "stream.")


def judged(version: str, folder: Path) -> Run:
    # A fifth of the printed second between events: the same server, and five times sooner judged.
    with serving("streamchat_fixtures.article", version, "--interval", "0.2") as url:
        return judge(folder, f"--target-url={url}", "--thoroughness=quick", "--max-requests=100000")


@pytest.fixture(scope="module")
def as_printed(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return judged("as-printed", tmp_path_factory.mktemp("as-printed"))


@pytest.fixture(scope="module")
def fixed(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return judged("fixed", tmp_path_factory.mktemp("fixed"))


def test_as_printed_every_valid_request_ends_in_a_500(as_printed: Run) -> None:
    assert as_printed.code == 1
    check_form(as_printed)
    entry = as_printed.entry("request.valid-accepted")
    assert entry["outcome"] == "fail"
    assert "500" in entry["findings"][0]["received"]


def test_as_printed_no_stream_is_judged_and_the_cause_is_reported_once(as_printed: Run) -> None:
    streams = {id_ for id_ in as_printed.outcomes if id_.startswith(STREAM_AREAS)}
    # The head of any response is judged, and capabilities that nobody declared are left out.
    undecided = streams - as_printed.with_outcome("not-applicable") - {"headers.well-formed"}
    assert undecided <= as_printed.with_outcome("blocked")
    assert {as_printed.entry(id_)["cause"] for id_ in undecided} == {"request.valid-accepted"}
    assert as_printed.out.count("blocked   by request.valid-accepted") == 1


def test_as_printed_refusals_are_judged_all_the_same(as_printed: Run) -> None:
    assert as_printed.with_outcome("pass") >= {
        *("error.bounded", "error.delimited", "error.not-streamed", "error.shape", "error.status"),
        *("request.body-empty", "request.body-malformed", "request.error-order"),
        *("request.error-wording", "request.history-missing", "request.history-not-list"),
        *("request.history-null", "request.media-type-not-json", "request.prompt-missing"),
        *("request.prompt-null", "request.method-refused", "request.allow"),
        *("connection.close-honoured", "connection.unread-body"),
    }
    # Malformed JSON is reported in HTML, and a body that is no object brings it to a 500.
    assert as_printed.with_outcome("fail") >= {"error.media-type", "request.body-not-object"}


FIXED_MUST = {
    # Flask's development server closes after each response, and says so next to `keep-alive`.
    "headers.connection-consistent",
    "headers.connection-persistent",
    # It says close to a large body that it refuses, and waits for the rest of it before it does.
    "connection.reuse-after-error",
    # It accepts a space before a field's colon.
    "connection.malformed-request",
    # It reads a chunk's line as a number alone.
    "request.chunk-extensions",
    # Malformed JSON is refused in HTML.
    "error.media-type",
    # `[...]`, `"..."` and `null` have no `get`, and deep nesting exhausts the stack: 500.
    "request.body-not-object",
    "request.deep-nesting",
    # UTF-16 and encoded surrogates are read as if they were UTF-8.
    "request.body-not-utf8",
}
FIXED_SHOULD = {
    # It reads request lines, and the ends of lines, leniently.
    "connection.malformed-request-line",
    "connection.chunk-line-ending",
    # Each refusal ends the connection.
    "connection.open-after-error",
    # Python reads NaN, and nobody looks at the prompt's type.
    "request.non-finite-numbers",
    "request.prompt-not-string",
    # The development server asks for no Host, and sends chunks to HTTP/1.0.
    "transport.host",
    "transport.http10",
}
FOUND_BY_CHANCE = {
    # 1e400 comes back as Infinity, and long decimals come back rounded: found where the
    # generated requests hold such numbers, which a slow machine may not have come to.
    "payload.json",
    "payload.history-echo-exact",
}


def test_fixed_it_is_red_where_it_breaks_a_rule_and_nowhere_else(fixed: Run) -> None:
    assert fixed.code == 1
    check_form(fixed)
    red = {id_ for id_ in fixed.with_outcome("fail") if fixed.entry(id_)["level"] != "MAY"}
    assert red - FOUND_BY_CHANCE == FIXED_MUST | FIXED_SHOULD
    assert fixed.with_outcome("error") == set()


def test_fixed_what_cannot_be_judged_is_reported_under_its_cause(fixed: Run) -> None:
    causes = {id_: fixed.entry(id_)["cause"] for id_ in fixed.with_outcome("blocked")}
    assert set(causes.values()) <= fixed.with_outcome("fail")
    assert causes["request.never-5xx"] == "request.body-not-object"
    assert "stream.first-event" in fixed.with_outcome("pass")
    assert "payload.prompt-echo" in fixed.with_outcome("pass")
