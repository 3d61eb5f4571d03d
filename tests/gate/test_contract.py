"""The page of the contract: its server is run and judged, and so are its exchanges."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from streamchat_conformance.catalogue import Level
from streamchat_conformance.core.exchange import Exchange, Read
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.dialects.registry import DEFAULT, default_dialect
from streamchat_conformance.judges import Reading, rules_of

from .harness import PYTHON, gate

PAGE = Path(__file__).parents[2] / "docs" / "contract.md"
GUNICORN = "gunicorn --worker-class gthread --threads 128 --keep-alive 10"


def blocks(mark: str) -> list[str]:
    found = re.findall(
        rf"^```{mark}\n(.*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    return [str(block) for block in found]


def test_the_pages_server_keeps_every_must(tmp_path: Path) -> None:
    (program,) = blocks("python")
    assert f"$ {GUNICORN} --bind 127.0.0.1:8000 chat:app" in PAGE.read_text("utf-8")
    (tmp_path / "chat.py").write_text(program, "utf-8")
    run = gate(
        tmp_path, f"--target-command={PYTHON} -m {GUNICORN} --bind 127.0.0.1:{{port}} chat:app"
    )
    assert run.code == 0, run.out + run.error
    assert run.report is not None
    assert run.report["summary"]["verdict"] == "conformant"
    failing = run.with_outcome("fail") | run.with_outcome("blocked")
    assert {rules_of(DEFAULT).catalogue[id_].level for id_ in failing} <= {Level.SHOULD, Level.MAY}
    assert run.report["target"]["capabilities"]["echo"] == "detected"


def sent_bytes(block: str) -> bytes:
    """Return the bytes that a block of the page stands for: its line ends are written out."""
    joined = block.replace("\n", "")
    return joined.replace("\\r", "\r").replace("\\n", "\n").encode("utf-8")


def findings(request: bytes, response: bytes) -> list[Finding]:
    reading = Reading(Exchange(request, (Read(0.1, response),), ended_at_s=0.1))
    assert reading.response.complete
    return [
        finding
        for id_, found in rules_of(DEFAULT).judge_all(reading)
        for finding in found
        # HTTP/1.1 keeps a connection without the field.
        if rules_of(DEFAULT).catalogue[id_].level is not Level.MAY
        and id_ != "headers.connection-keep-alive"
    ]


def test_the_pages_exchanges_break_nothing() -> None:
    request, stream, refusal = map(sent_bytes, blocks("bytes"))
    assert findings(request, stream) == []
    assert Reading(Exchange(request, (Read(0.1, stream),))).asked.values["prompt"] == "Hello"
    bad = request.replace(b'"prompt": "Hello", ', b"").replace(b"Length: 38", b"Length: 19")
    assert findings(bad, refusal) == []


@pytest.mark.parametrize("capability", default_dialect().known_capabilities)
def test_the_page_names_every_capability(capability: str) -> None:
    assert f"| `{capability}` |" in PAGE.read_text("utf-8")


def test_the_page_has_the_four_texts() -> None:
    for text in (
        "Request body must be JSON",
        "Missing 'prompt' field",
        "Missing 'history' field",
        "'history' field must be a list",
    ):
        assert f"| `{text}` |" in PAGE.read_text("utf-8")
