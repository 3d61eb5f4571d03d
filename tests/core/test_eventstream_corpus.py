"""The corpus of event streams: parser and transcription of the standard both meet it."""

from __future__ import annotations

import dataclasses

from grouped import each_of
from streamchat_conformance.core.eventstream import EventStreamParser
from streamchat_fixtures.event_streams import EventStreamCase, load_event_streams

from .eventstream_standard import interpret

CASES = load_event_streams()
every_case = each_of(CASES, name=lambda case: case.name, group=lambda name: name[:5])


@every_case
def test_the_standard_word_for_word_gives_what_the_case_expects(case: EventStreamCase) -> None:
    outcome = interpret(case.body)
    expected = [dataclasses.astuple(event) for event in case.events]
    assert [dataclasses.astuple(event) for event in outcome.events] == expected
    assert (outcome.retry_ms, outcome.last_event_id) == (case.retry_ms, case.last_event_id)


@every_case
def test_the_parser_gives_what_the_case_expects(case: EventStreamCase) -> None:
    body = case.body
    single_bytes = [body[index : index + 1] for index in range(len(body))]
    expected = [dataclasses.astuple(event) for event in case.events]
    for reads in [body], list(case.pieces), single_bytes:
        for keep_lines in False, True:
            parser = EventStreamParser(keep_lines=keep_lines)
            events = [event for read in reads for event in parser.receive(read)]
            parser.close()
            assert [event[:3] for event in events] == expected
            assert (parser.retry_ms, parser.last_event_id) == (case.retry_ms, case.last_event_id)


def test_the_corpus_has_cases_of_each_clause_and_says_why() -> None:
    assert len(CASES) >= 100
    assert {case.clause for case in CASES} == {"9.2.5", "9.2.6"}
    assert all(case.why.endswith(".") for case in CASES)
    assert len({(case.body, case.pieces) for case in CASES}) == len(CASES)
