"""Loads of Chat Completions: good servers are good, and each kind of broken stream is named."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import pytest
from completion_faults import FAULTS

from .faulty_loads import FaultyLoads
from .harness import REQUEST_LIMIT_S, load, parameters

LOADS = FaultyLoads("openai", "completion_server.py", FAULTS)
completions, run = LOADS.serving, LOADS.run


@pytest.mark.parametrize(
    ("style", "known"),
    [
        ("echo", "events repeat the request; every byte but each stream's own id and time"),
        ("canned", "no echo; every byte but each stream's own id and time"),
        ("merging", "what each stream says is predictable, not how it is cut into events"),
        ("random", "no echo; texts vary"),
    ],
)
def test_a_sound_server_is_good_whatever_is_known_of_it(
    style: str, known: str, tmp_path: Path
) -> None:
    with completions("--style", style) as server:
        result = run(server, tmp_path, *parameters(duration_s=1))
    assert result.exit_code == 0, result.output
    assert known in result.output
    assert "single stream" not in result.output
    report = result.report
    assert report["outcomes"]["verified"] == report["counts"]["started"] > 0
    assert report["counts"]["streams_with_text"] == report["counts"]["started"]


@pytest.mark.parametrize("style", ["echo", "merging", "random"])
def test_each_kind_of_broken_stream_is_found_under_load_and_named(
    style: str, tmp_path: Path
) -> None:
    found, expected = LOADS.faults_found(tmp_path, style)
    if style == "merging":
        # Where a chunk was merged, what is missing is known, not always how.
        assert sum(found.values()) == sum(expected.values())
        assert found.keys() == expected.keys()
    else:
        assert found == expected


def test_requests_leave_out_what_a_server_refuses(tmp_path: Path) -> None:
    refused = ("seed", "max_tokens")
    with completions("--refuses", *refused) as server:
        result = run(server, tmp_path, *parameters(duration_s=0.5))
    assert result.exit_code == 0, result.output
    assert "the server refuses requests with temperature, seed, stream_options" in result.output


def test_usage_is_missed_only_where_it_comes(tmp_path: Path) -> None:
    with completions("--no-usage") as server:
        result = run(server, tmp_path, *parameters(duration_s=0.5), path="/v1/chat/completions")
    assert result.exit_code == 0, result.output


def test_a_key_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOAD_KEY", "sk-test")
    with completions("--key", "sk-test") as server:
        result = run(
            server, tmp_path, *parameters(duration_s=0.5), "--api-key-env", "LOAD_KEY", path=""
        )
        without = run(server, tmp_path)
    assert result.exit_code == 0, result.output
    assert "sk-test" not in result.output + str(result.report)
    assert without.exit_code == 2
    assert "(Incorrect API key provided): give the key with --api-key-env VARIABLE" in (
        without.output
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--model", "large"), "(The model does not exist): give the model with --model NAME"),
        (("--api-key-env", "NO_SUCH_KEY"), "the environment variable 'NO_SUCH_KEY' is not set"),
        (("--dialect", "klingon"), "there is no dialect 'klingon' for load tests"),
        (("--dialect", "openia"), "for load tests; did you mean 'openai'?"),
    ],
)
def test_bad_input_is_one_line_and_no_load(
    options: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    with completions() as server:
        result = run(server, tmp_path, *options)
        assert server.counts().get("good", 0) == 0
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output


def test_an_option_of_a_dialect_needs_the_dialect(tmp_path: Path) -> None:
    result = load("http://127.0.0.1:9", tmp_path, "--model", "small")
    assert result.exit_code == 2
    assert "--model is an option of --dialect openai and anthropic" in result.output


def test_a_replay_asks_for_answers_of_the_recorded_lengths(tmp_path: Path) -> None:
    lines = [
        json.dumps({"timestamp": at * 20, "input_length": 10 + at, "output_length": 5 + at})
        for at in range(20)
    ]
    (tmp_path / "trace.jsonl").write_text("\n".join(lines), encoding="utf-8")
    with completions() as server:
        given = parameters(file=tmp_path / "trace.jsonl")
        result = run(server, tmp_path, "--profile", "replay", *given)
        with urllib.request.urlopen(f"{server.url}/caps", timeout=REQUEST_LIMIT_S) as answer:
            caps = json.load(answer)
    assert result.exit_code == 0, result.output
    assert result.report["counts"]["offered"] == len(lines)
    for cap in range(5, 25):
        assert caps[f"cap {cap}"] > 0


def test_goodput_is_the_share_of_requests_within_all_limits(tmp_path: Path) -> None:
    with completions("--interval", 0.02) as server:
        options = (*parameters(duration_s=1), "--limit", "first_text_ms=60000")
        wide = run(server, tmp_path, *options, "--threshold", "goodput_ratio=0.99")
        narrow = run(
            server,
            tmp_path,
            *(*options, "--limit", "whole_ms=1", "--threshold", "goodput_ratio=0.99"),
        )
    assert wide.exit_code == 0, wide.output
    assert wide.report["metrics"]["goodput_ratio"] == 1.0
    assert wide.report["metrics"]["tokens_per_s"] > 0
    assert wide.report["metrics"]["texts_per_s"] > 0
    assert "goodput: 100.0% of requests within first_text_ms=60000" in wide.output
    assert narrow.exit_code == 4, narrow.output
    assert narrow.report["metrics"]["goodput_ratio"] == 0.0


@pytest.mark.parametrize("limit", ["first_text=5", "gap_ms=5", "whole_ms=0", "whole_ms=soon"])
def test_a_limit_that_is_none_is_bad_input(limit: str, tmp_path: Path) -> None:
    result = load("http://127.0.0.1:9", tmp_path, "--limit", limit)
    assert result.exit_code == 2
    assert "limit" in result.output
