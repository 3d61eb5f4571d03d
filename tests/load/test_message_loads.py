"""Loads of Anthropic Messages: good servers are good, and each kind of broken stream is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from sampling import sampled

from .faulty_loads import FaultyLoads
from .harness import parameters
from .message_server import FAULTS

LOADS = FaultyLoads("anthropic", "message_server.py", FAULTS)
messages, run = LOADS.serving, LOADS.run


KNOWN = {
    "echo": "events repeat the request; every byte but each stream's own id",
    "merging": "what each stream says is predictable, not how it is cut into events",
    "random": "no echo; texts vary",
}


@pytest.mark.parametrize("style", sampled(KNOWN, ["echo"]))
def test_a_sound_server_of_messages_is_good_whatever_is_known_of_it(
    style: str, tmp_path: Path
) -> None:
    with messages("--style", style) as server:
        result = run(server, tmp_path, *parameters(duration_s=1))
    assert result.exit_code == 0, result.output
    assert KNOWN[style] in result.output
    report = result.report
    assert report["outcomes"]["verified"] == report["counts"]["started"] > 0
    assert report["counts"]["streams_with_text"] == report["counts"]["started"]
    assert report["metrics"]["tokens_per_s"] > 0


@pytest.mark.parametrize("style", sampled(["echo", "random"], ["echo"]))
def test_each_kind_of_broken_message_is_found_under_load_and_named(
    style: str, tmp_path: Path
) -> None:
    found, expected = LOADS.faults_found(tmp_path, style)
    assert found == expected


def test_a_key_is_sent_as_x_api_key_and_what_is_refused_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOAD_KEY", "sk-test")
    with messages("--key", "sk-test", "--refuses", "temperature") as server:
        result = run(
            server, tmp_path, *parameters(duration_s=0.5), "--api-key-env", "LOAD_KEY", path=""
        )
    assert result.exit_code == 0, result.output
    assert "sk-test" not in result.output + str(result.report)
    assert "the server refuses requests with temperature" in result.output
