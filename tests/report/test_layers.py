"""The layers of a run apart: each fails, or does not, under its own name."""

from __future__ import annotations

import pytest
from streamchat_conformance.catalogue import Layer, Level
from streamchat_conformance.commands import explain
from streamchat_conformance.dialects.registry import DEFAULT
from streamchat_conformance.judges import rules_of
from streamchat_conformance.report.catalogue_text import texts_of
from streamchat_conformance.report.html.report_page import html_report
from streamchat_conformance.report.markdown import markdown_report
from streamchat_conformance.report.server_name import NAME_LIMIT, server_name
from streamchat_conformance.suite.verdicts.outcomes import Outcome
from streamchat_conformance.suite.verdicts.results import Result, Results, Verdict

from .reports import report

MUSTS = {
    layer: [
        id_
        for id_, entry in rules_of(DEFAULT).catalogue.items()
        if entry.layer is layer and entry.level is Level.MUST
    ]
    for layer in Layer
}
CODE, SERVER = (len(MUSTS[layer]) for layer in Layer)


def test_a_server_that_fails_leaves_your_code_sound() -> None:
    made = report({"connection.smuggling": Outcome.FAIL}, server="uvicorn/0.54")
    line = f"your code: 0 of {CODE} MUST fail; uvicorn 0.54 (HTTP server): 1 of {SERVER} fails"
    assert made.headline() == line
    assert line in html_report(made)
    assert line in markdown_report(made).replace("\\", "")


def test_a_server_without_a_name_is_said_to_have_none() -> None:
    made = report({"payload.json": Outcome.FAIL, "payload.object": Outcome.BLOCKED}, server="")
    assert made.headline() == (
        f"your code: 1 of {CODE} MUST fails (1 blocked); HTTP server not named: 0 of {SERVER} fail"
    )


def test_a_layer_that_was_not_run_is_not_called_sound() -> None:
    left_out = dict.fromkeys(MUSTS[Layer.SERVER], Outcome.NOT_RUN)
    assert report(left_out).headline().endswith("test (HTTP server): not run")


@pytest.mark.parametrize(
    ("field", "command", "name"),
    [
        ("Werkzeug/3.1.9 Python/3.11.7", "", "Werkzeug 3.1.9"),
        ("uvicorn", "", "uvicorn"),
        ("nginx/1.22.1 (Debian)", "gunicorn app:app", "nginx 1.22.1"),
        ("", "gunicorn -b 127.0.0.1:{port} app:app", "gunicorn"),
        ("", "/opt/venv/bin/python -m uvicorn app:app --port {port}", "uvicorn"),
        ("", "flask --app chat run", "Werkzeug"),
        ("", "./server --port 'unclosed", ""),
        ("", "python chat.py", ""),
        ("", "", ""),
        ("(odd)", "", "(odd)"),
        ("x" * 5000, "", "x" * NAME_LIMIT),
    ],
)
def test_the_server_is_named_by_its_field_else_by_its_command(
    field: str, command: str, name: str
) -> None:
    assert server_name(field, command) == name


def results(outcomes: dict[str, Outcome], default: Outcome = Outcome.PASS) -> Results:
    made = Results()
    for id_, result in made.by_id.items():
        made.by_id[id_] = Result(result.requirement, outcomes.get(id_, default), 1)
    return made


def test_a_run_that_could_read_no_stream_is_undecided() -> None:
    streams = {
        id_: Outcome.NOT_APPLICABLE
        for id_ in rules_of(DEFAULT).catalogue
        if id_.startswith(("payload.", "sse."))
    }
    made = results(streams)
    made.facts.streams = 0
    assert made.verdict() is Verdict.UNDECIDED
    assert "no event stream of the target could be read" in made.undecided()
    assert made.exit_code() == 4


def test_a_part_is_named_by_its_size() -> None:
    made = results({"headers.status": Outcome.PASS}, default=Outcome.NOT_RUN)
    assert made.verdict() is Verdict.PARTIAL
    assert made.part() == (
        f"1 of {len(rules_of(DEFAULT).catalogue)} requirements ran: no failure among them"
    )
    assert made.exit_code() == 0


def test_a_part_with_a_failed_should_does_not_claim_that_nothing_failed() -> None:
    made = results(
        {"headers.status": Outcome.PASS, "headers.date": Outcome.FAIL}, default=Outcome.NOT_RUN
    )
    assert made.part().endswith("requirements ran: no MUST failure among them")


def test_an_observation_is_no_failure_of_a_part() -> None:
    made = results(
        {"headers.status": Outcome.PASS, "headers.no-transform": Outcome.FAIL},
        default=Outcome.NOT_RUN,
    )
    assert made.part().endswith("requirements ran: no failure among them")


@pytest.mark.parametrize(
    "id_",
    [id_ for id_, entry in rules_of(DEFAULT).catalogue.items() if entry.layer is Layer.SERVER],
)
@pytest.mark.guard
def test_advice_on_the_server_is_something_an_author_can_do(id_: str) -> None:
    texts = texts_of(id_)
    assert texts is not None
    advice = [texts.fix, *(text for one in texts.advice for text in one.by_framework.values())]
    for text in advice:
        lowered = text.lower()
        assert not any(word in lowered for word in ("up to date", "keep both current", "update it"))
    assert "decided by: the HTTP server" in "\n".join(
        explain.as_text(rules_of(DEFAULT).catalogue[id_])
    )
