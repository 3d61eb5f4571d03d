"""`streamchat-conformance judge` on exchanges written in pieces, such as those of the corpus."""

from __future__ import annotations

import json
from typing import Any

import pytest
from grouped import each_of
from streamchat_conformance.catalogue import Level
from streamchat_conformance.core.exchange import Ending
from streamchat_conformance.dialects.registry import DEFAULT
from streamchat_conformance.judges import rules_of
from streamchat_conformance.offline.judging import judge_recordings
from streamchat_conformance.offline.reading import read_recordings
from streamchat_conformance.offline.recording import (
    Format,
    Reader,
    RecordedExchange,
    RecordingError,
)
from streamchat_conformance.suite.verdicts.outcomes import Outcome
from streamchat_fixtures.exchanges import ExchangeCase, load_exchanges, recorded_members

from .judging import REQUEST, STREAM, Judge

CATALOGUE = rules_of(DEFAULT).catalogue

CASES = load_exchanges()
every_case = each_of(CASES, name=lambda case: case.name)


def recording(case: ExchangeCase) -> RecordedExchange:
    data = json.dumps(recorded_members(case.name)).encode()
    (read,) = read_recordings(data, f"{case.name}.json", Reader())
    return read


@every_case
def test_the_command_reads_a_case_as_the_corpus_means_it(case: ExchangeCase) -> None:
    read = recording(case)
    assert read.format is Format.PIECES
    exchange = read.exchange
    assert exchange.request == case.sent
    assert [(read.at_s, read.data) for read in exchange.reads] == [
        (read.at_ms / 1000, read.data) for read in case.reads
    ]
    assert (exchange.ending.value, exchange.ended_at_s) == (case.ended, case.ended_at_ms / 1000)
    assert exchange.sent_bytes == case.sent_bytes
    assert exchange.unrecorded_bytes == case.unrecorded_bytes
    assert bool(exchange.limit) is (exchange.ending is Ending.TIMED_OUT)


@every_case
def test_the_command_says_of_a_case_what_the_corpus_says(case: ExchangeCase) -> None:
    results = judge_recordings([recording(case)], list(CATALOGUE))
    red = {
        result.requirement.id
        for result in results
        if result.outcome in {Outcome.FAIL, Outcome.BLOCKED}
    }
    assert red == set(case.breaks)
    must = any(CATALOGUE[id_].level is Level.MUST for id_ in case.breaks)
    assert results.exit_code() == int(must)


def written(**changes: Any) -> dict[str, Any]:
    members = {
        "sent": [REQUEST.decode()],
        "received": [STREAM.decode()],
        "ended": "complete",
    } | changes
    return {name: value for name, value in members.items() if value is not None}


def test_an_exchange_written_by_hand_is_judged(judge: Judge) -> None:
    judged = judge(written())
    assert judged.code == 0, judged.error
    assert judged.outcome("payload.prompt-echo") == "pass"
    assert judged.report is not None
    assert judged.report["recordings"][0]["format"] == "pieces"
    halved = STREAM.decode().replace("text/event-stream", "text/plain")
    assert judge(written(received=[halved])).failed() == {"headers.media-type"}


def test_a_recording_has_its_own_limit_for_silence(judge: Judge) -> None:
    end = len(STREAM) - 5
    reads = [
        {"at_ms": 0, "pieces": [STREAM[:end].decode()]},
        {"at_ms": 2_000, "pieces": [STREAM[end:].decode()]},
    ]
    lower = written(received=reads, limits={"gap_ms": 1_000})
    assert judge(lower).outcome("stream.gap") == "fail"
    higher = written(received=reads, limits={"gap_ms": 3_000})
    assert judge(higher, "--gap-limit=1").outcome("stream.gap") == "pass"
    assert judge(written(received=reads), "--gap-limit=1").outcome("stream.gap") == "fail"


BOMB = {"repeat": {"repeat": "x" * 99, "times": 10**9}, "times": 10**9}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"ended": None}, "lacks 'ended'"),
        ({"ended_at": 5}, "unknown member 'ended_at'"),
        ({"ended": "overflow"}, "'ended' is none of complete, closed"),
        ({"ended": ["closed"]}, "'ended' is none of"),
        ({"ended": "timed-out"}, "timed-out goes with head_ms or first_event_ms"),
        ({"limits": {"head_ms": 5}}, "timed-out goes with"),
        ({"limits": {"gap_s": 5}}, "limits are"),
        ({"limits": 5}, "'limits' is not an object"),
        ({"limits": {"gap_ms": 0}}, "'gap_ms' is not a whole number from 1"),
        ({"sent": "POST"}, "'sent' is not an array"),
        ({"sent": [5]}, "a piece is text, hex, or repeat"),
        ({"sent": [{"hex": "0"}]}, "a piece is not right"),
        ({"sent": [{"hex": 5}]}, "a piece is text, hex, or repeat"),
        ({"sent": ["\ud800"]}, "a piece is not right"),
        ({"sent": [BOMB]}, "'sent' stands for more than 64 MiB"),
        ({"sent": [{"repeat": "a", "times": -1}]}, "'times' is not a whole number"),
        ({"received": {}}, "'received' is not an array"),
        ({"received": [{"at_ms": 5, "pieces": []}, "a"]}, "a read has at_ms and pieces"),
        ({"received": [{"at_ms": 5, "pieces": "a"}]}, "'pieces' is not an array"),
        ({"received": [{"at_ms": 5, "pieces": []}, {"at_ms": 4, "pieces": []}]}, "from 5"),
        ({"ended_at_ms": -1}, "'ended_at_ms' is not a whole number from 0"),
        ({"sent_bytes": 1.5}, "'sent_bytes' is not a whole number"),
    ],
)
def test_a_wrong_exchange_is_refused_in_one_line(
    judge: Judge, changes: dict[str, Any], expected: str
) -> None:
    judged = judge(written(**changes))
    assert judged.code == 4
    assert expected in judged.error
    assert judged.error.count("\n") == 1


@pytest.mark.parametrize("depth", [980, 100_000])
def test_pieces_nested_too_deep_are_refused(depth: int) -> None:
    piece = '{"repeat": ' * depth + '"a"' + ', "times": 1}' * depth
    data = f'{{"sent": [{piece}], "received": [], "ended": "closed"}}'.encode()
    with pytest.raises(RecordingError, match=r"nested too deep"):
        read_recordings(data, "file", Reader())


def test_a_format_that_is_given_must_be_the_right_one(judge: Judge) -> None:
    assert "lacks 'sent'" in judge(json.dumps({"reads": []}), "--format=pieces").error


def test_a_line_end_in_the_prompt_hides_no_other_fault(judge: Judge) -> None:
    """Of a server that does not repeat the prompt, as those with a model behind them."""
    body = '{"prompt": "a\\nb", "history": []}'
    head, _, _ = STREAM.partition(b"\r\n\r\n")
    sent = REQUEST.decode().partition("\r\n\r\n")[0].replace("38", str(len(body)))
    chunk = 'data: {"response": "x"}\n\ndata: [DONE]\n\n'
    received = f"{head.decode()}\r\n\r\n{len(chunk):x}\r\n{chunk}\r\n0\r\n\r\n"
    judged = judge(written(sent=[f"{sent}\r\n\r\n{body}"], received=[received]))
    assert judged.failed() == {"payload.json"}
    assert judged.outcome("payload.line-separators") == "not-applicable"
