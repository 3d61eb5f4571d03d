"""A key in the query of the URL: it is sent, and stands in nothing that a run leaves behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.core.secrets import with_parameters, without_secrets
from streamchat_conformance.core.sent_request import parse_request
from streamchat_conformance.dialects.declared.checked_tables import DeclarationError
from streamchat_conformance.dialects.declared.drafting import drafted, path_in
from streamchat_conformance.dialects.declared.reading import read_declaration
from streamchat_conformance.report.redact import Redactor
from streamchat_fixtures.control.messages import JSONValue, Refusal
from streamchat_fixtures.control.server import ControlServer
from streamchat_fixtures.declared.steps import GeneratedSteps
from streamchat_load.dialects.declared.dialect import DeclaredLoadDialect
from streamchat_load.errors import LoadUsageError
from streamchat_load.runner.settings import LoadSettings

from .streams import HOUSE, written

if TYPE_CHECKING:
    from streamchat_fixtures.control.turn import Turn

KEY = "AIza/Sy+battery%staple"
SENT = "AIza%2FSy%2Bbattery%25staple"
AUTH = '[auth]\nquery = "key"\nenv = "HOUSE_KEY"\n'
TEXT = Path(HOUSE).read_text("utf-8").replace('path = "/chat"', 'path = "/chat?v=2"')


class KeyedSteps(GeneratedSteps):
    """Serves nobody without the key, and repeats it in what it refuses and in its streams."""

    def route(self, turn: Turn) -> None:
        """Refuse requests without the key, on any path."""
        if f"v=2&key={SENT}" not in turn.request.target and f"?key={SENT}" not in (
            turn.request.target
        ):
            raise Refusal(401, f"{turn.request.target} has no valid key")
        super().route(turn)

    def refusal_value(self, turn: Turn, refusal: Refusal) -> JSONValue:
        """Say what was asked, as some frameworks do."""
        return {"detail": f"{refusal.text}: {turn.request.target}, with {KEY}"}


@pytest.fixture
def file(tmp_path: Path) -> str:
    return written(tmp_path, TEXT + AUTH)


@pytest.fixture
def keyed(file: str) -> Iterator[ControlServer]:
    with ControlServer([], steps=KeyedSteps(Path(file))) as server:
        yield server


def suite(*options: str, key: str = KEY) -> subprocess.CompletedProcess[str]:
    """Run the suite's command line."""
    return subprocess.run(
        [sys.executable, "-m", "streamchat_conformance", *options],
        env={**os.environ, "HOUSE_KEY": key},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def holders(text: str) -> list[str]:
    """Return the lines that have the key, as it is or as it is sent."""
    return [line for line in text.splitlines() if KEY in line or SENT in line]


def test_a_key_in_the_query_is_sent_and_stands_in_no_report(
    file: str, keyed: ControlServer, tmp_path: Path
) -> None:
    reports = {kind: tmp_path / f"report.{kind}" for kind in ("json", "html", "md", "sarif")}
    done = suite(
        *(f"--dialect={file}", f"--target-url={keyed.url}", "--no-capability=slow"),
        *("--requirement=house.*", "--requirement=error.*"),
        f"--report-json={reports['json']}",
        f"--report-html={reports['html']}",
        f"--report-markdown={reports['md']}",
        f"--report-sarif={reports['sarif']}",
    )
    found = json.loads(reports["json"].read_text("utf-8"))
    outcomes = {each["id"]: each["outcome"] for each in found["requirements"]}
    assert outcomes["house.accepted"] == outcomes["house.required"] == "pass", done.stdout
    assert found["target"]["url"].endswith("/chat?v=2&key=[redacted]")
    shown = done.stdout + done.stderr + "".join(map(Path.read_text, reports.values()))
    assert holders(shown) == []


def test_a_failure_is_sent_again_with_the_key_and_shows_none(
    file: str, keyed: ControlServer, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    changed = tmp_path / "changed.toml"
    changed.write_text(Path(file).read_text("utf-8").replace("/detail", "/other"), "utf-8")
    run = (f"--target-url={keyed.url}", "--requirement=house.refusal", f"--report-json={report}")
    failed = suite(f"--dialect={changed}", *run)
    assert "curl" in failed.stdout
    assert "key=[redacted]" in failed.stdout
    refused = suite("replay", str(report), "house.refusal")
    assert refused.returncode == 4
    assert "does not show the query parameter 'key'" in refused.stderr
    again = suite("replay", str(report), "house.refusal", "--api-key-env=HOUSE_KEY")
    assert again.returncode == 1, again.stdout + again.stderr
    assert "400" in again.stdout
    assert holders(failed.stdout + again.stdout + report.read_text("utf-8")) == []


def test_a_key_that_is_not_taken_shows_in_no_message(file: str, keyed: ControlServer) -> None:
    done = suite(f"--dialect={file}", f"--target-url={keyed.url}", key="wrong-horse")
    assert done.returncode == 6
    assert "[redacted]" in done.stdout
    assert "wrong-horse" not in done.stdout + done.stderr


def test_a_key_in_the_users_own_url_is_as_secret(keyed: ControlServer, tmp_path: Path) -> None:
    file = written(tmp_path, TEXT)
    report = tmp_path / "report.json"
    url = f"{keyed.url}/chat?v=2&key={SENT}"
    options = ("--requirement=house.accepted", f"--report-json={report}")
    done = suite(f"--dialect={file}", f"--target-url={url}", *options)
    assert done.returncode == 0, done.stdout
    assert holders(done.stdout + done.stderr + report.read_text("utf-8")) == []


def test_a_load_sends_the_key_and_names_no_url_with_it(
    file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOUSE_KEY", KEY)
    dialect = DeclaredLoadDialect(file, {})
    endpoint = LoadSettings(url="http://127.0.0.1:9").endpoint(dialect)
    assert endpoint.path == f"/chat?v=2&key={SENT}"
    assert endpoint.url == "http://127.0.0.1:9/chat?v=2&key=[redacted]"
    monkeypatch.delenv("HOUSE_KEY")
    with pytest.raises(LoadUsageError, match="HOUSE_KEY"):
        DeclaredLoadDialect(file, {}).check_fields([])
    DeclaredLoadDialect(file, {}).check_fields([["key", KEY]])


def test_a_draft_says_where_the_key_stands_and_has_none() -> None:
    request = HttpRequest(body=b'{"prompt": "Hi"}')
    sent = parse_request(request.encode(authority="test", path=f"/chat?v=2&key={SENT}"))
    assert path_in(sent) == "/chat?v=2"
    text = drafted("mine", sent, [], comments=False)
    assert 'query = "key"' in text
    assert holders(text) == []


def test_recorded_requests_show_no_key_whoever_recorded_them() -> None:
    data = f"POST /chat?v=2&key={SENT} HTTP/1.1\r\nHost: x\r\n\r\n{{}}".encode()
    assert holders(Redactor().data(data).decode()) == []
    assert holders(Redactor().masked(data).decode()) == []
    assert len(Redactor().masked(data)) == len(data)
    other = b"POST /chat?v=2&keyboard=qwertz HTTP/1.1\r\n\r\n"
    assert Redactor().data(other) == other


def test_a_target_gets_the_parameters_that_it_lacks() -> None:
    assert with_parameters("/chat", [("key", "a b")]) == "/chat?key=a%20b"
    assert with_parameters("/chat?key=own", [("key", "other")]) == "/chat?key=own"
    assert without_secrets("/chat?access_token=x&sig=y&q=z") == (
        "/chat?access_token=[redacted]&sig=[redacted]&q=z"
    )


@pytest.mark.parametrize("line", ['header = "X-Key"', 'prefix = "Key "'])
def test_a_key_stands_in_one_place(tmp_path: Path, line: str) -> None:
    file = written(tmp_path, f"{TEXT}{AUTH}{line}\n")
    with pytest.raises(DeclarationError, match="leave out"):
        read_declaration(Path(file))
