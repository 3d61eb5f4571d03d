"""acme: each requirement that a judge decides."""

import pytest
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.judged import verdict

from acme.rules import JUDGES


@pytest.mark.parametrize("judged_id", JUDGES.of_area("acme"))
def test_an_answer_is_one_of_the_dialect(target: Target, judged_id: str) -> None:
    verdict(target, judged_id)
