from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.dialects.registry import DEFAULT
from streamchat_conformance.judges import rules_of
from streamchat_conformance.report.markdown import LIMIT_BYTES, fenced, inline, markdown_report
from streamchat_conformance.suite.verdicts.outcomes import Outcome

from .reports import report, stream

any_text = st.text(st.characters(exclude_categories=()))


@given(any_text)
def test_foreign_text_stays_on_its_line_and_is_no_markup(text: str) -> None:
    shown = inline(text)
    assert "\n" not in shown
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*<>|\[\]@]", shown)
    shown.encode("utf-8")


@given(any_text)
def test_no_text_ends_its_code_block(text: str) -> None:
    first, *inside, last = fenced(text).split("\n")
    assert first == f"{last}sh"
    assert not any(line.strip().startswith(last) for line in inside)


def test_a_failure_is_reported_with_its_replay() -> None:
    finding = Finding("sse.fields", "the PROBLEM", "the EXPECTED", "the RECEIVED", 0)
    text = markdown_report(
        report(
            {"sse.fields": Outcome.FAIL, "sse.data": Outcome.BLOCKED},
            findings={"sse.fields": [(finding, stream(0.1))]},
            causes={"sse.data": "sse.fields"},
        )
    )
    for shown in ("nonconformant", "the PROBLEM", "the EXPECTED", "curl -isN", "Blocked by"):
        assert shown in text
    assert "| MUST |" in text


def test_the_summary_fits_whatever_a_server_sent() -> None:
    huge = "€" * 200_000
    ids = list(rules_of(DEFAULT).catalogue)
    findings = {
        id_: [(Finding(id_, huge, huge, huge, 0), stream(0.1)) for _ in range(20)] for id_ in ids
    }
    text = markdown_report(report(dict.fromkeys(ids, Outcome.FAIL), findings=findings))
    assert len(text.encode("utf-8")) <= LIMIT_BYTES < 1024 * 1024
    assert all(inline(id_) in text for id_ in ids)
