from __future__ import annotations

import json
import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamchat_load.client.outcome import StreamOutcome
from streamchat_load.faults import FaultEvidence, StreamFault
from streamchat_load.metrics.labels import COUNT_LABELS
from streamchat_load.metrics.ledger import PHASE_TIMES, TIMES, LoadLedger
from streamchat_load.metrics.summary import RunInfo, summarize
from streamchat_load.report import html_report, json_report, junit_report, text_report
from streamchat_load.report.charts import Chart, ChartLine
from streamchat_load.verdict.thresholds import KNOWN_METRICS
from streamchat_load.verdict.verdict import LoadVerdict, judge

HOSTILE = (
    "</pre></script><script>alert(1)</script><img src=x onerror=y>\x1b[2J\x00\"'&]]>\u202e\ufffe"
)

hostile_texts = st.one_of(
    st.just(HOSTILE), st.text(min_size=1), st.from_regex(r"[<>&\"']{1,20}", fullmatch=True)
).filter(lambda text: text != "other")


RUN = RunInfo(
    target="http://127.0.0.1:1/api/stream-chat",
    profile="steady",
    parameters={},
    seed=1,
    processes=1,
    planned_s=5.0,
    started_epoch_s=100.0,
    elapsed_s=5.0,
)


class Reader(HTMLParser):
    """Collects tags, attributes and texts."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.extend(attrs)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def run_of(text: str) -> tuple[dict[str, object], LoadVerdict]:
    """Return a run that has a text in every place that a server or user can fill."""
    ledger = LoadLedger()
    ledger.counts["started"] = 3
    ledger.outcomes.update({"verified": 1, "faulty": 1, "failed": 1})
    ledger.count_fault(StreamFault.ALTERED)
    ledger.failures[text] += 1
    ledger.statuses["200"] += 1
    excerpt = text.encode("utf-8", "surrogatepass")
    ledger.show(FaultEvidence(StreamFault.ALTERED, text, text, 1, 2, text, excerpt, 5.0))
    for name in (text, "other"):
        ledger.phase(name).first_event.record(0.1)
    for second in (100.0, 101.0, 104.0):
        cell = ledger.timeline.at(second)
        cell.counts.update(opened=1, events=5, faulty=1)
        cell.first_event.record(0.1)
        cell.first_text.record(0.3)
        cell.gap.record(0.02)
    ledger.resources[text] = [[100.0, 0.1, 1e6], [101.0, 0.2, 2e6]]
    info = replace(
        RUN,
        target=text,
        parameters={"file": text},
        notes=(text,),
    )
    verdict = judge(ledger, info, {"failed_ratio": 0.0, "first_event_p95_ms": 1.0})
    return summarize(ledger, info), verdict


@given(hostile_texts)
def test_no_text_becomes_markup(text: str) -> None:
    plain, hostile = Reader(), Reader()
    plain.feed(html_report.render(*run_of("x")))
    hostile.feed(html_report.render(*run_of(text)))
    assert hostile.tags == plain.tags
    assert [name for name, _ in hostile.attributes] == [name for name, _ in plain.attributes]


def test_the_page_needs_no_other_file_and_runs_no_script() -> None:
    page = html_report.render(*run_of(HOSTILE))
    reader = Reader()
    reader.feed(page)
    assert "script" not in reader.tags
    assert not {"src", "href", "onload", "onerror"} & {name for name, _ in reader.attributes}
    assert "url(" not in page
    assert "default-src 'none'" in unescape(page)


def test_the_page_has_the_charts_and_the_offending_bytes() -> None:
    page = html_report.render(*run_of("what came"))
    reader = Reader()
    reader.feed(page)
    assert reader.tags.count("svg") == 7
    assert any("what came" in text for text in reader.texts)
    assert any("altered x 1" in text for text in reader.texts)


def test_a_run_that_verified_nothing_says_so_in_every_report() -> None:
    ledger, info = LoadLedger(), RUN
    ledger.counts["started"] = ledger.outcomes["open-at-end"] = 2
    verdict = judge(ledger, info, {})
    summary = summarize(ledger, info)
    said = "no stream was verified (2 still open at the end)"
    for text in (
        html_report.render(summary, verdict),
        text_report.render(summary, verdict),
        json_report.render(summary, verdict),
        junit_report.render(summary, verdict).decode(),
    ):
        assert said in text
    assert json.loads(json_report.render(summary, verdict))["exit_code"] == 4


def test_the_page_has_words_for_all_that_is_counted_and_no_internal_names() -> None:
    ledger, info = LoadLedger(), RUN
    ledger.counts.update(dict.fromkeys(COUNT_LABELS, 2_000_000))
    ledger.outcomes.update(dict.fromkeys(StreamOutcome, 1))
    for name in (*TIMES, *PHASE_TIMES):
        histogram = ledger.times.get(name) or ledger.phase("all").histogram(name)
        histogram.record(0.1)
    thresholds = dict.fromkeys(KNOWN_METRICS, 1.0)
    reader = Reader()
    verdict = judge(ledger, info, thresholds)
    reader.feed(html_report.render(summarize(ledger, info), verdict))
    # Reasons name thresholds as they were set.
    texts = [text for text in reader.texts if text not in verdict.reasons]
    assert [text for text in texts if re.search("[a-z]_[a-z]|-at-end", text)] == []
    assert {label for label, _, _ in COUNT_LABELS.values()} <= set(reader.texts)
    assert {"first text", "CPU time of the generator", "2.00 s"} <= set(reader.texts)


def test_the_live_page_reloads_itself() -> None:
    assert 'http-equiv="refresh" content="2"' in html_report.render(*run_of("x"), refresh_s=2)


@given(hostile_texts)
def test_the_terminal_is_not_steered(text: str) -> None:
    table = text_report.render(*run_of(text))
    assert all(character == "\n" or character.isprintable() for character in table)


@given(hostile_texts)
def test_junit_is_well_formed_whatever_was_received(text: str) -> None:
    suite = ET.fromstring(junit_report.render(*run_of(text))).find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures")) == ("5", "3")


def test_junit_has_a_case_for_integrity_validity_and_each_threshold() -> None:
    root = ET.fromstring(junit_report.render(*run_of("x")))
    failed = {case.get("name"): case.find("failure") is not None for case in root.iter("testcase")}
    assert failed == {
        "integrity": True,
        "verification": False,
        "validity": False,
        "failed_ratio": True,
        "first_event_p95_ms": True,
    }


@given(hostile_texts)
def test_json_is_strict_and_has_the_verdict(text: str) -> None:
    def refuse(literal: str) -> None:
        pytest.fail(f"{literal} is not JSON")

    report = json.loads(json_report.render(*run_of(text)), parse_constant=refuse)
    assert report["schema"] == json_report.SCHEMA
    assert (report["verdict"], report["exit_code"]) == ("integrity", 3)
    assert report["faults"] == {"altered": 1}


def test_open_streams_are_carried_over_cells_where_nothing_happened() -> None:
    summary, _ = run_of("x")
    series = summary["series"]
    assert isinstance(series, list)
    assert [row["open"] for row in series] == [1, 2, 2, 2, 3]


@given(st.lists(st.one_of(st.none(), st.floats(0, 1e9)), min_size=1, max_size=40))
def test_a_chart_of_any_values_stays_within_its_frame(values: list[float | None]) -> None:
    chart = Chart(
        "t", "u", [float(second) for second in range(len(values))], [ChartLine("l", values)]
    )
    assert bool(chart) == any(value is not None for value in values)
    if chart:
        root = ET.fromstring(chart.picture)
        for line in root.iter("polyline"):
            for point in line.attrib["points"].split():
                x, y = map(float, point.split(","))
                assert 0 <= x <= 720
                assert 0 <= y <= 200
