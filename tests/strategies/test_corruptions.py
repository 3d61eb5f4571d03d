from __future__ import annotations

import json

import pytest
from streamchat_conformance.core.strict_json import read_json
from streamchat_conformance.dialects.stream_chat.places import places
from streamchat_conformance.dialects.stream_chat.requests import ChatRequest
from streamchat_conformance.strategies import corrupted_bodies, is_json

PLACES = places(ChatRequest("Hello", ["Hi", {"role": "user", "content": "x\n"}]))

BODIES = corrupted_bodies(PLACES)
VALID = (
    '{"prompt": "Hello", "history": ["Hi", {"role": "user", "content": "x\\n"}], '
    '"x-unknown": [1, true]}'
)
"""What the bodies are made from."""


def test_no_body_is_json_by_any_reader() -> None:
    for body in BODIES:
        assert not is_json(body), body
        assert read_json(body).error is not None, body
        with pytest.raises(ValueError, match=r"."):
            json.loads(body)


def test_each_body_comes_once_and_in_the_same_order() -> None:
    assert len(set(BODIES)) == len(BODIES) == len(corrupted_bodies(PLACES))
    assert corrupted_bodies(PLACES) == BODIES


def test_it_is_cut_at_every_character() -> None:
    assert {VALID[:end].encode() for end in range(1, len(VALID))} <= set(BODIES)


@pytest.mark.parametrize(
    "fault",
    [
        VALID[:-1],
        VALID + VALID,
        VALID + "x",
        VALID[:-1] + ",}",
        VALID.replace('"', "'"),
        VALID.replace('"prompt"', "prompt"),
        VALID.replace("true", "True"),
        VALID.replace("[1,", "[01,"),
        "//x\n" + VALID,
        VALID[:-2] + "}",
    ],
)
def test_the_first_few_have_the_common_faults(fault: str) -> None:
    assert fault.encode() in BODIES[:60]


@pytest.mark.parametrize("history", ["[]", '["Hi"]', '[{"role": "user", "content": "Hi"}]'])
def test_it_is_made_from_any_history(history: str) -> None:
    bodies = corrupted_bodies(places(ChatRequest("Hello", json.loads(history))))
    assert len(bodies) > 400
    assert not any(is_json(body, non_finite=True) for body in bodies)
    assert all(history.encode() in body for body in bodies[:2])
