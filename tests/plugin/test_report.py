"""The JSON report has its form, says the same twice, and holds no secrets."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from streamchat_fixtures.control import ControlServer, Refusal, Turn
from streamchat_fixtures.faults import FAULTS
from streamchat_fixtures.variants import Change, Variant

from .conftest import Judge
from .harness import Run

OUTCOMES = [
    *("pass", "fail", "blocked", "not-applicable", "error", "not-run"),
    *("known-failure", "unexpected-pass"),
]
VERDICTS = ["conformant", "partial", "nonconformant", "not-testable", "undecided"]
LAYERS = ["application", "server"]
COUNTS = {
    "type": "object",
    "required": OUTCOMES,
    "additionalProperties": False,
    "properties": {outcome: {"type": "integer", "minimum": 0} for outcome in OUTCOMES},
}
TEXT = {"type": "string"}
SECONDS = {"type": "number", "minimum": 0}
FINDING = {
    "type": "object",
    "required": ["message", "expected", "received", "replay", "exchange"],
    "properties": {
        "message": {"type": "string", "minLength": 1},
        "expected": TEXT,
        "received": TEXT,
        "replay": TEXT,
        "offset": {"type": ["integer", "null"]},
        "exchange": {"type": ["integer", "null"], "minimum": 0},
    },
}
REPORT = {
    "type": "object",
    "required": [
        *("schema", "suite", "target", "started", "duration_s"),
        *("summary", "requirements", "exchanges"),
    ],
    "properties": {
        "schema": {"const": 1},
        "suite": {
            "type": "object",
            "required": ["name", "version"],
            "properties": {
                "name": {"const": "streamchat-conformance"},
                "version": {"type": "string", "pattern": r"^\d+\.\d+\.\d+"},
            },
        },
        "target": {
            "type": "object",
            "required": ["url", "server", "capabilities"],
            "properties": {
                "url": {"type": "string", "pattern": "^https?://"},
                "server": TEXT,
                "capabilities": {
                    "type": "object",
                    "additionalProperties": {
                        "enum": ["declared", "detected", "absent", "not looked for"]
                    },
                },
            },
        },
        "started": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$"},
        "duration_s": SECONDS,
        "summary": {
            "type": "object",
            "required": ["verdict", "headline", "layers", "must", "should", "may"],
            "properties": {
                "verdict": {"enum": VERDICTS},
                "reason": TEXT,
                "headline": {"type": "string", "pattern": "^your code: "},
                "layers": {
                    "type": "object",
                    "required": LAYERS,
                    "additionalProperties": {
                        "type": "object",
                        "required": ["must", "should", "may"],
                        "additionalProperties": COUNTS,
                    },
                },
                "must": COUNTS,
                "should": COUNTS,
                "may": COUNTS,
            },
        },
        "requirements": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": [
                    *("id", "level", "layer", "title", "source"),
                    *("outcome", "examples", "findings"),
                ],
                "properties": {
                    "id": {"type": "string", "pattern": r"^[a-z]+\.[a-z0-9-]+$"},
                    "level": {"enum": ["MUST", "SHOULD", "MAY"]},
                    "layer": {"enum": LAYERS},
                    "title": {"type": "string", "pattern": r"\.$"},
                    "source": {"type": "string", "minLength": 1},
                    "outcome": {"enum": OUTCOMES},
                    "examples": {"type": "integer", "minimum": 0},
                    "broken": {"type": "integer", "minimum": 1},
                    "findings": {"type": "array", "items": FINDING},
                },
            },
        },
        "exchanges": {
            "type": "array",
            "items": {"type": "object", "required": ["schema", "request", "reads", "ending"]},
        },
    },
}


def check_form(done: Run) -> dict[str, Any]:
    """Check a report against the schema, and its parts against each other."""
    report = done.report
    assert report is not None, done.out + done.error
    jsonschema.Draft202012Validator(REPORT).validate(report)
    entries = report["requirements"]
    assert [entry["id"] for entry in entries] == sorted({entry["id"] for entry in entries})
    for level in ("must", "should", "may"):
        for outcome, count in report["summary"][level].items():
            found = [
                entry
                for entry in entries
                if entry["level"].lower() == level and entry["outcome"] == outcome
            ]
            assert len(found) == count
        for outcome in OUTCOMES:
            by_layer = [layer[level][outcome] for layer in report["summary"]["layers"].values()]
            assert sum(by_layer) == report["summary"][level][outcome]
    for entry in entries:
        assert bool(entry["findings"]) <= (entry["outcome"] in {"fail", "blocked"})
        assert (entry["examples"] > 0) >= (entry["outcome"] in {"pass", "fail"})
        assert entry.get("broken", 0) <= entry["examples"]
        for finding in entry["findings"]:
            assert finding["exchange"] is None or finding["exchange"] < len(report["exchanges"])
    return report


def test_a_report_has_the_form_that_is_promised(run: Judge) -> None:
    with ControlServer([FAULTS["no-cache-control"]]) as server:
        done = run(
            *(f"--target-url={server.url}", "--requirement=headers.*", "--requirement=error.*"),
            "--junitxml=junit.xml",
        )
        port = server.port
    report = check_form(done)
    entry = done.entry("headers.cache-control")
    assert entry["outcome"] == "fail"
    assert entry["broken"] == entry["examples"] > 1
    (finding, *_) = entry["findings"]
    assert finding["replay"].startswith("curl ")
    assert f"http://127.0.0.1:{port}/api/stream-chat" in finding["replay"]
    exchange = report["exchanges"][finding["exchange"]]
    request = base64.b64decode(exchange["request"]["base64"])
    assert request.startswith(b"POST /api/stream-chat HTTP/1.1\r\n")


def test_pytests_own_report_says_the_same(run: Judge, tmp_path: Path) -> None:
    with ControlServer([FAULTS["no-cache-control"], FAULTS["no-date"]]) as server:
        done = run(f"--target-url={server.url}", "--requirement=headers.*", "--junitxml=junit.xml")
    assert done.code == 1
    (suite,) = ET.parse(tmp_path / "junit.xml").getroot().iter("testsuite")
    # headers.no-cache cannot hold without any Cache-Control, and headers.date is a SHOULD.
    gating = {
        id_ for id_ in done.with_outcome("fail", "blocked") if done.entry(id_)["level"] == "MUST"
    }
    assert int(suite.get("failures", "")) == len(gating)
    texts = [failure.text or "" for failure in suite.iter("failure")]
    assert any("headers.cache-control (MUST)" in text for text in texts)


def test_two_runs_say_the_same(run: Judge) -> None:
    # Each in a Python of its own, whose hashes differ.
    apart = (sys.executable, "-m", "streamchat_conformance")
    options = ("--requirement=request.history-*", "--requirement=payload.*")
    with ControlServer([FAULTS["prompt-stripped"]]) as server:
        first = run(f"--target-url={server.url}", *options, command=apart)
    with ControlServer([FAULTS["prompt-stripped"]]) as server:
        second = run(f"--target-url={server.url}", *options, command=apart)
    assert first.outcomes == second.outcomes
    assert "payload.prompt-echo" in first.with_outcome("fail")
    smallest = [
        run.entry("payload.prompt-echo")["findings"][0]["received"] for run in (first, second)
    ]
    assert smallest[0] == smallest[1]


NAMES = ("Authorization", "Cookie", "X-Api-Key")
SECRETS = ("Bearer s3cret-token-value", "sid=c00kie-value-42", "k3y-of-the-api")


def _repeats_what_came(before: Any, turn: Turn, refusal: Refusal) -> object:
    del before, refusal
    # Short, so that it stands where reports show only the beginning.
    return {"sent": [value for name in NAMES for value in turn.request.values(name)]}


REPEATS_FIELDS = Variant(
    name="repeats-fields",
    area="test",
    sentence="Repeats the request's field lines in every refusal, and calls no error an error.",
    changes=(Change("refusal_value", _repeats_what_came),),
)


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_secrets_leave_the_process_nowhere(
    run: Judge, tmp_path: Path, workers: tuple[str, ...]
) -> None:
    headers = [
        f"--target-header={name}: {value}" for name, value in zip(NAMES, SECRETS, strict=True)
    ]
    with ControlServer([REPEATS_FIELDS]) as server:
        done = run(
            *(f"--target-url={server.url}", "--requirement=error.shape", *workers, *headers),
            "--junitxml=junit.xml",
        )
    assert done.with_outcome("fail") == {"error.shape"}
    report = check_form(done)
    received = [
        base64.b64decode(read["base64"]).decode("latin-1")
        for exchange in report["exchanges"]
        for read in [*exchange["reads"], exchange["request"]]
    ]
    assert any('"sent"' in text for text in received), "the server did not repeat anything"
    everything = "\n".join(
        [done.out, done.error, json.dumps(report), (tmp_path / "junit.xml").read_text(), *received]
    )
    assert "[redacted]" in everything
    for secret in SECRETS:
        assert secret not in everything
        assert secret.split()[-1] not in everything
