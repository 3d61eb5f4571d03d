"""A conversation that the server keeps: what its later turns ask, and that they are judged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from streamchat_conformance.core.expectation import Expectation
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.dialects.asking import ask
from streamchat_conformance.dialects.registry import dialect_named

from .streams import written

TEXT = """
[dialect]
name = "kept"
path = "/talk"
[request]
template = '{"say": "$prompt"}'
history = "server"
continue = { set = "/session", from = "/session" }
required = { "/say" = "string" }
[[event]]
text = "/text"
"""


@pytest.mark.parametrize(
    ("members", "expectation"),
    [
        ({}, Expectation.ACCEPT),
        ({"session": "s-1"}, Expectation.ACCEPT),
        ({"session": 7}, Expectation.ACCEPT),
        ({"session": "s-1", "other": 1}, Expectation.EITHER),
        ({"other": 1}, Expectation.EITHER),
    ],
)
def test_a_later_turn_is_a_valid_request(
    tmp_path: Path, members: dict[str, object], expectation: Expectation
) -> None:
    dialect = dialect_named(written(tmp_path, TEXT))
    body = json.dumps({"say": "Hello", **members}).encode()
    request = HttpRequest(body=body).encode(authority="localhost", path=dialect.path)
    assert ask(dialect, request, path=dialect.path).expectation is expectation
