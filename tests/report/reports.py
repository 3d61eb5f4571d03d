"""Reports made by hand, as the suite would write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from streamchat_conformance.core.exchange import Ending, Exchange, Read
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.report.json_report import build_report
from streamchat_conformance.report.model import Report, report_from_json
from streamchat_conformance.suite.verdicts.outcomes import Outcome
from streamchat_conformance.suite.verdicts.results import Result, Results

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
EVENT = b'data:{"response":"a"}\n\n'
REQUEST = b"POST /api/stream-chat HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def stream(*times_s: float, ended_at_s: float | None = None, label: str = "a stream") -> Exchange:
    """Return an exchange whose events arrive at these times, one read and one chunk each."""
    reads = [Read(0.001, HEAD), *(Read(at_s, chunk(EVENT)) for at_s in times_s)]
    end_s = max([0.001, *times_s]) if ended_at_s is None else ended_at_s
    return Exchange(
        request=REQUEST,
        reads=(*reads, Read(end_s, b"0\r\n\r\n")),
        ending=Ending.COMPLETE,
        ended_at_s=end_s,
        label=label,
    )


def value(
    outcomes: Mapping[str, Outcome] | None = None,
    *,
    findings: Mapping[str, Sequence[tuple[Finding, Exchange | None]]] | None = None,
    causes: Mapping[str, str] | None = None,
    default: Outcome = Outcome.PASS,
    headers: Sequence[tuple[str, str]] = (),
    server: str = "test",
    not_testable: str = "",
) -> dict[str, Any]:
    """Return the JSON value of a report with these outcomes; all others have the default one."""
    results = Results()
    for id_, result in results.by_id.items():
        outcome = (outcomes or {}).get(id_, default)
        found = list((findings or {}).get(id_, ()))
        results.by_id[id_] = Result(
            result.requirement, outcome, 1, cause=(causes or {}).get(id_, ""), findings=found
        )
    results.facts.url = "http://127.0.0.1:1/api/stream-chat"
    results.facts.server = server
    results.facts.capabilities = {"echo": "detected"}
    results.facts.times = {"first_event": 0.1}
    results.facts.not_testable = not_testable
    return build_report(
        results, started="2026-01-02T03:04:05+00:00", duration_s=1.5, headers=headers
    )


def report(*arguments: Any, **options: Any) -> Report:
    """Return the same, read back."""
    return report_from_json(value(*arguments, **options))
