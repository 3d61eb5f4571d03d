"""Loads of a declared API: a sound server is good, and each broken stream is named."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from streamchat_fixtures.declared.document import GeneratedApi
from streamchat_fixtures.declared.faults import faults_for
from streamchat_fixtures.declared.serving import generated_server
from streamchat_load.dialects.declared.dialect import DeclaredLoadDialect
from streamchat_load.dialects.registry import load_dialect
from streamchat_load.errors import LoadUsageError
from streamchat_load.runner.settings import LoadSettings
from streamchat_load.verification.malformed_lines import malformed_line

from .harness import LENIENT, ROOT, load, parameters

if TYPE_CHECKING:
    from streamchat_load.dialects.dialect import EventViolation

HOUSE = ROOT / "examples" / "dialects" / "house.toml"
RIVERS = ("message", '{"delta": "Rivers"}')
DONE = ("done", "bye")
SENTINEL = ("message", "[DONE]")

STREAMS = {
    "sound": ((RIVERS, RIVERS, DONE, SENTINEL), ""),
    "with a keep-alive": (((("ping", "-")), RIVERS, DONE, SENTINEL), ""),
    "cut": ((RIVERS,), "truncated"),
    "without the sentinel": ((RIVERS, DONE), "truncated"),
    "with text after the end": ((RIVERS, DONE, RIVERS), "order"),
    "with a number": ((("message", '{"delta": 1}'), DONE, SENTINEL), "payload"),
    "not JSON": ((("message", '{"delta": '), DONE, SENTINEL), "payload"),
    "failed": ((RIVERS, ("error", '{"message": "x"}')), "error-event"),
}


@pytest.mark.parametrize(("events", "fault"), STREAMS.values(), ids=STREAMS)
def test_a_stream_is_judged_by_its_declaration(
    events: tuple[tuple[str, str], ...], fault: str
) -> None:
    dialect = DeclaredLoadDialect(str(HOUSE), {})
    judge = dialect.judge_stream(dialect.build("0" * 16))
    found: list[EventViolation] = [
        violation for event in events if (violation := judge.take(*event)) is not None
    ]
    if not found and (last := judge.finish()) is not None:
        found.append(last)
    assert [str(each.fault) for each in found[:1]] == ([fault] if fault else [])


def test_requests_carry_their_nonce_and_differ_by_it_alone() -> None:
    dialect = DeclaredLoadDialect(str(HOUSE), {})
    first, second = (dialect.build(digit * 16, turn=2, pad_bytes=9) for digit in "01")
    assert first.shape == second.shape
    assert b"0" * 16 in first.body
    assert len(first.value["turns"]) == 4


def test_a_file_that_is_wrong_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text("[dialekt]\n", "utf-8")
    with pytest.raises(LoadUsageError, match="did you mean 'dialect'"):
        load_dialect(str(file), {})


def test_a_load_of_a_generated_server_is_verified(tmp_path: Path) -> None:
    given = ("--dialect", HOUSE, *LENIENT, *parameters(duration_s=1))
    with generated_server(HOUSE) as server:
        result = load(server.url, tmp_path, *given)
    assert result.exit_code == 0, result.output
    assert result.report["outcomes"]["verified"] > 0
    (cut,) = (each for each in faults_for(GeneratedApi(HOUSE)) if each.name == "end-left-out")
    with generated_server(HOUSE, cut) as server:
        result = load(server.url, tmp_path, *given)
    assert result.exit_code != 0
    assert "house.terminal" in result.output


def test_declared_events_without_data_are_sound(tmp_path: Path) -> None:
    langserve = HOUSE.with_name("langserve.toml")
    with generated_server(langserve) as server:
        result = load(
            server.url, tmp_path, "--dialect", langserve, *LENIENT, *parameters(duration_s=1)
        )
    assert result.exit_code == 0, result.output
    body = b"event: end\r\n\r\n"
    dataless = DeclaredLoadDialect(str(langserve), {}).dataless
    assert malformed_line(body, limit_bytes=99, ended=True, dataless=dataless) is None
    assert malformed_line(body, limit_bytes=99, ended=True) is not None


WITH_KEY = """
[auth]
header = "X-House"
env = "HOUSE_KEY_OF_THIS_TEST"
"""


def test_a_load_without_the_declared_key_stops_with_one_line(tmp_path: Path) -> None:
    file = tmp_path / "house.toml"
    file.write_text(HOUSE.read_text("utf-8") + WITH_KEY, "utf-8")
    dialect = DeclaredLoadDialect(str(file), {})
    with pytest.raises(LoadUsageError, match="variable 'HOUSE_KEY_OF_THIS_TEST' is not set") as why:
        dialect.check_fields([["X-Other", "1"]])
    assert str(file) in str(why.value)
    dialect.check_fields([["x-house", "any"]])


def test_a_field_of_the_user_replaces_the_declared_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOUSE_KEY_OF_THIS_TEST", "from-the-environment")
    file = tmp_path / "house.toml"
    file.write_text(HOUSE.read_text("utf-8") + WITH_KEY, "utf-8")
    dialect = DeclaredLoadDialect(str(file), {})
    dialect.check_fields([])
    own = LoadSettings(url="http://127.0.0.1").extra_fields(dialect)
    assert ("X-House", "from-the-environment") in own
    given = LoadSettings(url="http://127.0.0.1", fields=[["x-house", "given"]])
    lines = given.extra_fields(dialect)
    assert [value for name, value in lines if name.lower() == "x-house"] == ["given"]
