"""Schemathesis, an independent judge, finds nothing in sound servers and faults in faulty ones."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.resources import as_file, files
from typing import TYPE_CHECKING

import pytest
from sampling import examples
from streamchat_fixtures.control import ControlServer, ControlSettings
from streamchat_fixtures.faults import FAULTS

from ..reference.harness import running_server
from .document import DOCUMENT
from .driver import FOR_COMPLETIONS, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .driver import Run

LIMIT_S = 60.0
EXAMPLES = examples(300)
FEW_EXAMPLES = 40
FAST = ControlSettings(events=4, interval_s=0.0)

FOUND_BY = {
    "boolean-items-fail": "not_a_server_error",
    "refusals-are-422": "status_code_conformance",
    "errors-as-problem-json": "content_type_conformance",
    "no-cache-control": "response_headers_conformance",
    "error-is-named-detail": "response_schema_conformance",
    "done-sentinel": "response_schema_conformance",
    "missing-prompt-accepted": "negative_data_rejection",
    "unknown-members-refused": "positive_data_acceptance",
    "no-allow": "unsupported_method",
}
"""Faulty servers, and the check that has to find the fault when it runs alone.

The other checks of Schemathesis look for what the endpoint has not: authentication, resources
that are made and deleted, required header fields, an answer to OPTIONS.
"""


@pytest.fixture(scope="module")
def document() -> Iterator[Path]:
    with as_file(files("streamchat_fixtures").joinpath("openapi.json")) as file:
        yield file


def found_nothing(done: Run) -> bool:
    assert done.code == 0, done.output
    assert done.failures == 0
    return {done.phase(name) for name in ("examples", "coverage", "fuzzing")} == {"success"}


def test_nothing_is_found_in_the_reference_server(tmp_path: Path) -> None:
    with running_server(tmp_path, "--events", "3", "--interval", "0.01") as server:
        done = run(f"{server.url}/openapi.json", server.url, tmp_path, max_examples=EXAMPLES)
        assert found_nothing(done)
        # Valid requests were taken, and others were made.
        assert EXAMPLES / 4 < done.accepted < done.requests - EXAMPLES / 4


def test_nothing_is_found_in_its_chat_completions(tmp_path: Path) -> None:
    options = ("--answerer", "typewriter", "--interval", "0", "--call-tools")
    with running_server(tmp_path, *options) as server:
        done = run(
            f"{server.url}/v1/openapi.json",
            server.url,
            tmp_path,
            max_examples=FEW_EXAMPLES,
            configuration=FOR_COMPLETIONS,
        )
    assert found_nothing(done)


def test_nothing_is_found_in_the_control_server(document: Path, tmp_path: Path) -> None:
    with ControlServer(settings=FAST) as server:
        assert found_nothing(run(document, server.url, tmp_path, max_examples=FEW_EXAMPLES))


@pytest.mark.parametrize(("fault", "check"), FOUND_BY.items(), ids=FOUND_BY)
def test_a_fault_is_found(fault: str, check: str, document: Path, tmp_path: Path) -> None:
    with ControlServer([FAULTS[fault]], settings=FAST) as server:
        done = run(
            *(document, server.url, tmp_path, "--checks", check),
            *("--max-failures", "1", "--generation-deterministic", "--no-shrink"),
            max_examples=FEW_EXAMPLES,
        )
    assert done.code == 1, done.output
    assert done.failures >= 1
    assert done.report["errors"] == []


def validated(file: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "openapi_spec_validator", "--schema", "3.1", str(file)],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


def test_the_document_is_valid_by_the_official_schema(document: Path) -> None:
    with as_file(files("streamchat_reference.site") / "openapi_completions.json") as other:
        for file in (document, other):
            done = validated(file)
            assert done.returncode == 0, done.stdout + done.stderr


def test_a_document_with_a_mistake_is_not(tmp_path: Path) -> None:
    file = tmp_path / "openapi.json"
    responses = {**DOCUMENT["components"]["responses"], "Stream": {"description": 1}}
    components = {**DOCUMENT["components"], "responses": responses}
    document = {**DOCUMENT, "components": components}
    file.write_text(json.dumps(document, ensure_ascii=False), "utf-8")
    done = validated(file)
    assert done.returncode == 1
    assert "1 is not of type" in done.stdout + done.stderr
