"""acme: each of its own requirements."""

import pytest
from streamchat_conformance.catalogue import decides
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.judged import check, verdict

from acme.rules import JUDGES

OWN = frozenset({"acme.ask"})


@decides("acme.ask")
def test_an_ask_that_is_no_text_is_refused(target: Target) -> None:
    bodies = (b'{"turns": []}', b'{"ask": null, "turns": []}', b'{"ask": 1, "turns": []}')
    for reading in target.send_all([HttpRequest(body=body) for body in bodies]):
        check(reading, "acme.ask")


@pytest.mark.parametrize("judged_id", JUDGES.of_area("acme", without=OWN))
def test_an_answer_is_one_of_the_dialect(target: Target, judged_id: str) -> None:
    verdict(target, judged_id)
