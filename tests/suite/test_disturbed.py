"""What ends a case that overlaps with others, and what that says of the server."""

import pytest
from streamchat_conformance.suite.verdicts.causes import NEVER_5XX
from streamchat_conformance.suite.verdicts.overlapping import Disturbed, overlapping

from .answering import BUSY, answering
from .targets import prepared


def test_an_internal_error_next_to_others_is_one_that_may_come_now_and_then() -> None:
    with prepared("every-thirtieth-valid-request-fails") as target:

        def ask() -> None:
            for _ in range(40):
                target.chat(target.plain())

        with overlapping(), pytest.raises(Disturbed) as raised:
            ask()
        assert raised.value.ids == {NEVER_5XX}


def test_a_request_that_is_put_off_next_to_others_breaks_nothing() -> None:
    with answering(lambda _: BUSY) as target:
        with overlapping(), pytest.raises(Disturbed) as raised:
            target.chat(target.plain())
        assert raised.value.ids == frozenset()
