"""The board: many reports on one page, each cell a link to what was found."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path

import pytest
from streamchat_conformance.commands import board as command
from streamchat_conformance.report.html.board import BoardEntry, board
from streamchat_conformance.suite.verdicts.outcomes import Outcome

from .reports import report, value

HOSTILE = "<script>alert(1)</script>\x1b[2J"


def test_a_cell_leads_to_the_worst_finding_of_its_area() -> None:
    found = report(
        {
            "sse.bom": Outcome.FAIL,
            "sse.fields": Outcome.FAIL,
            "sse.data": Outcome.BLOCKED,
            "error.bounded": Outcome.FAIL,
        },
        causes={"sse.data": "sse.fields"},
    )
    page = board([BoardEntry("mine", found, "mine.html")])
    cells = dict(re.findall(r'<a class="cell (\w+)" href="mine.html#([\w.-]+)"', page))
    assert cells == {"must": "sse.fields", "should": "error.bounded"}
    assert '<span class="cell good"><span>headers</span>' in page
    assert page.count('href="mine.html#sse.data"') == 1
    assert "blocked by sse.fields" in page


def test_the_servers_that_break_the_least_come_first() -> None:
    good, bad = report(), report({"sse.fields": Outcome.FAIL})
    page = board([BoardEntry("bad", bad, "b.html"), BoardEntry("good", good, "g.html")])
    assert page.index(">good</a>") < page.index(">bad</a>")
    assert 'data-verdict="conformant"' in page
    assert "0 of" in page


def test_nothing_that_a_report_says_acts() -> None:
    found = report(server=HOSTILE)
    page = board([BoardEntry(HOSTILE, found, 'a"b.html', what=HOSTILE, versions=HOSTILE)])
    assert "<script>alert" not in page
    assert "\x1b" not in page
    assert 'href="a%22b.html"' in page
    assert "default-src 'none'" in unescape(page)


def test_the_command_writes_a_page_for_each_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = []
    for name in ("one/report", "two/report"):
        files.append(tmp_path / f"{name}.json")
        files[-1].parent.mkdir()
        files[-1].write_text(json.dumps(value({"sse.fields": Outcome.FAIL})))
    out = tmp_path / "new" / "board"
    assert command.main([str(out), *map(str, files)]) == 0
    pages = sorted(file.name for file in out.iterdir())
    assert pages == ["1-one-report.html", "2-two-report.html", "index.html"]
    assert 'id="sse.fields"' in (out / "1-one-report.html").read_text("utf-8")
    assert 'href="2-two-report.html#sse.fields"' in (out / "index.html").read_text("utf-8")
    assert command.main([str(out), str(tmp_path / "none.json")]) == 4
    assert "cannot be read" in capsys.readouterr().err
