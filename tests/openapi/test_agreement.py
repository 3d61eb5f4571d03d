"""The suite's own requests and the document agree about what a request is.

Two readings of one contract: the suite's classification of a request's bytes, written by hand,
and the document's JSON Schema.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from sampling import examples
from streamchat_conformance.core.expectation import Expectation
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.dialects.asking import ask
from streamchat_conformance.dialects.registry import default_dialect
from streamchat_conformance.dialects.stream_chat.places import places
from streamchat_conformance.dialects.stream_chat.requests import ChatRequest
from streamchat_conformance.dialects.stream_chat.strategies import (
    any_histories,
    any_json,
    bodies_missing,
    bodies_with,
    histories,
    valid_bodies,
)
from streamchat_conformance.strategies import (
    arbitrary_bodies,
    extra_members,
    json_text,
    lone_surrogate_bodies,
    not_object_bodies,
    out_of_range_bodies,
    prompts,
)

from .document import is_request

PLACES = places(ChatRequest("Hello", []))

PROPERTY = settings(deadline=None, max_examples=examples(200))


def expectation(body: bytes) -> Expectation:
    request = HttpRequest(body=body)
    return ask(
        default_dialect(), request.encode(authority="test", path="/api/stream-chat")
    ).expectation


def not_json(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def read(body: bytes) -> Any:
    """Give a body's JSON value; raise ValueError where it has none."""
    return json.loads(body.decode("utf-8"), parse_constant=not_json)


def chats(histories_: st.SearchStrategy[Any]) -> st.SearchStrategy[bytes]:
    extras = st.one_of(st.just({}), extra_members())
    return st.builds(
        lambda prompt, history, extra: ChatRequest(prompt, history, extra).body(),
        prompts(max_size=20),
        histories_,
        extras,
    )


def other_than(type_: type) -> st.SearchStrategy[Any]:
    return any_json().filter(lambda value: not isinstance(value, type_))


ACCEPTED = {
    "ordinary requests in any spelling": valid_bodies(),
    "any histories, and members nobody knows": chats(any_histories()),
    "many items": chats(histories(max_items=30)),
}

REFUSED = {
    "no prompt": bodies_missing("prompt"),
    "no history": bodies_missing("history"),
    "a prompt that is null": bodies_with("prompt", st.none()),
    "a history that is null": bodies_with("history", st.none()),
    "a prompt that is no string": bodies_with("prompt", other_than(str)),
    "a history that is no list": bodies_with("history", other_than(list)),
    "no object": not_object_bodies(PLACES),
}

EITHER = {
    "half surrogate pairs": lone_surrogate_bodies(PLACES),
    "numbers out of range": out_of_range_bodies(PLACES),
}
"""What a server may take or refuse for reasons that JSON Schema does not know."""


@pytest.mark.parametrize("bodies", ACCEPTED.values(), ids=ACCEPTED)
def test_what_the_suite_has_accepted_is_valid_by_the_document(
    bodies: st.SearchStrategy[bytes],
) -> None:
    @PROPERTY
    @given(bodies)
    def agree(body: bytes) -> None:
        assert expectation(body) is Expectation.ACCEPT
        assert is_request(read(body))

    agree()


@pytest.mark.parametrize("bodies", REFUSED.values(), ids=REFUSED)
def test_what_the_suite_has_refused_for_its_members_is_invalid_by_the_document(
    bodies: st.SearchStrategy[bytes],
) -> None:
    @PROPERTY
    @given(bodies)
    def agree(body: bytes) -> None:
        assert expectation(body) is Expectation.REFUSE
        assert not is_request(read(body))

    agree()


@pytest.mark.parametrize("bodies", EITHER.values(), ids=EITHER)
def test_what_a_server_may_refuse_for_other_reasons_is_valid_by_the_document(
    bodies: st.SearchStrategy[bytes],
) -> None:
    @PROPERTY
    @given(bodies)
    def agree(body: bytes) -> None:
        assert expectation(body) is Expectation.EITHER
        assert is_request(read(body))

    agree()


@settings(deadline=None, max_examples=examples(1_000))
@given(arbitrary_bodies(PLACES))
def test_suite_and_document_never_contradict_each_other(body: bytes) -> None:
    """Whatever the bytes: accepted means valid, and refused means invalid or not JSON."""
    expected = expectation(body)
    event(expected)
    try:
        valid = is_request(read(body))
    except (ValueError, RecursionError):
        assert expected in {Expectation.REFUSE, Expectation.EITHER}
        return
    if valid:
        assert expected is not Expectation.REFUSE
    else:
        assert expected is not Expectation.ACCEPT


@PROPERTY
@given(st.fixed_dictionaries({}, optional={"prompt": any_json(), "history": any_json()}))
def test_any_members_are_taken_for_the_same(members: dict[str, Any]) -> None:
    expected = Expectation.ACCEPT if is_request(members) else Expectation.REFUSE
    assert expectation(json_text(members)) is expected
