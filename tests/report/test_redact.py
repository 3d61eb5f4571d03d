from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamchat_conformance.core import secrets
from streamchat_conformance.core.exchange import Exchange, Read
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.core.secrets import declare_secret
from streamchat_conformance.report.html.report_page import html_report
from streamchat_conformance.report.markdown import markdown_report
from streamchat_conformance.report.redact import Redactor
from streamchat_conformance.suite.verdicts.outcomes import Outcome

from .reports import report

SECRET = "correcthorse-battery"
HEADERS = [("Authorization", f"Bearer {SECRET}")]


def split(data: bytes, cuts: list[int]) -> tuple[Read, ...]:
    edges = [0, *sorted({min(cut, len(data)) for cut in cuts}), len(data)]
    pairs = itertools.pairwise(edges)
    return tuple(Read(n / 10, data[low:high]) for n, (low, high) in enumerate(pairs) if low < high)


RECEIVED = (
    b"HTTP/1.1 400 Bad\r\nSet-Cookie: id=" + SECRET.encode() + b"\r\n\r\n"
    b'{"error": "I got ' + SECRET.encode() + b'"} tail'
)


@given(st.lists(st.integers(0, len(RECEIVED)), max_size=20))
def test_a_secret_is_taken_out_wherever_reads_part_it(cuts: list[int]) -> None:
    exchange = Exchange(request=b"", reads=split(RECEIVED, cuts))
    clean = Redactor(HEADERS).exchange(exchange)
    assert SECRET.encode() not in clean.received
    assert len(clean.received) == len(RECEIVED)
    assert clean.received.endswith(b'"} tail')
    assert [len(read.data) for read in clean.reads] == [len(read.data) for read in exchange.reads]


def test_offsets_point_at_the_same_byte_after_redaction() -> None:
    at = RECEIVED.index(b"tail")
    exchange = Exchange(request=b"POST / HTTP/1.1\r\n\r\n", reads=split(RECEIVED, [20]))
    finding = Finding("error.shape", f"saw {SECRET}", "", SECRET, at)
    made = report(
        {"error.shape": Outcome.FAIL},
        findings={"error.shape": [(finding, exchange)]},
        headers=HEADERS,
    )
    assert made.exchanges[0].received[at:] == b"tail"
    for text in (html_report(made), markdown_report(made)):
        assert SECRET not in text
        assert "redacted" in text
    assert "<mark>tail</mark>" in html_report(made)


def test_a_declared_header_is_secret_on_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "_declared", set())
    plain = b"GET / HTTP/1.1\r\nX-Tenant: four-five-six\r\n\r\n"
    assert Redactor().data(plain) == plain
    declare_secret("X-Tenant")
    assert b"four-five-six" not in Redactor().data(plain)
    assert len(Redactor().masked(plain)) == len(plain)
    clean = Redactor([("x-tenant", "four-five-six")])
    assert clean.text("it said four-five-six") == "it said [redacted]"


@pytest.mark.parametrize("name", ["", "A: b", "a b", "ü"])
def test_what_is_no_header_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no header name"):
        declare_secret(name)
