"""A server may repeat the model of a request in its stream: what a strange model leaves there."""

from typing import Any

import pytest
from streamchat_conformance.core.expectation import Expectation
from streamchat_conformance.judges import Reading, rules_of

from .messages import BASE, GOOD, event, reading_of, started

SHAPE = "anthropic.message-start-shape"


def verdict(reading: Reading) -> Any:
    """Return what the judge of the message's start says."""
    return rules_of(reading.dialect.name).judges[SHAPE](reading)


def repeated(model: Any, **members: Any) -> Reading:
    """Return the exchange with a server that takes any request, and repeats its model."""
    stream = [started(model=model), *GOOD[1:]]
    return reading_of(b"".join(map(event, stream)), {**BASE, "model": model, **members})


@pytest.mark.parametrize("model", [5, 0.5, True, ["m"], {"name": "m"}, [], {}])
def test_a_repeated_model_that_is_no_text_is_that_of_the_request(model: Any) -> None:
    reading = repeated(model)
    assert reading.asked.expectation is Expectation.EITHER
    assert verdict(reading) is None


@pytest.mark.parametrize("cap", ["64", 0.5, True, [64]])
def test_a_request_whose_limit_is_no_integer_may_be_refused_or_served(cap: Any) -> None:
    assert repeated("m", max_tokens=cap).asked.expectation is Expectation.EITHER


def test_a_repeated_model_that_is_a_text_is_sound() -> None:
    reading = repeated("any")
    assert reading.asked.expectation is Expectation.ACCEPT
    assert verdict(reading) == []


def test_a_model_that_only_the_server_makes_something_else_of_is_reported() -> None:
    stream = [started(model=5), *GOOD[1:]]
    found = verdict(reading_of(b"".join(map(event, stream))))
    assert [each.requirement for each in found] == [SHAPE]
