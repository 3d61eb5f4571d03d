"""The examples of the page "Which dialect is mine?" are recognised, and each family has some."""

from __future__ import annotations

import json
import re
import tomllib

import pytest
from streamchat_conformance.dialects.sighting import Sighting
from streamchat_conformance.dialects.signatures import matches, signatures
from streamchat_conformance.guessing.endpoint_guess import Sureness
from streamchat_conformance.guessing.recordings import recorded_guesses

from ..project.sources import ROOT

PAGE = (ROOT / "docs" / "which-dialect.md").read_text("utf-8")
NAMES = [signature.name for signature in signatures()]


def example(kind: str, name: str) -> str:
    """Return the page's example of a request or an answer."""
    (block,) = re.findall(rf"^```http {kind} {name}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    return str(block)


@pytest.mark.parametrize("name", NAMES)
def test_the_answer_of_each_family_is_recognised_for_sure(name: str) -> None:
    (guess,) = recorded_guesses(example("answer", name).encode(), name)
    assert guess.matches[0].signature.name == name
    assert guess.sureness is Sureness.SURE


@pytest.mark.parametrize("name", NAMES)
def test_the_body_of_each_answer_is_recognised_without_its_head(name: str) -> None:
    head, _, body = example("answer", name).partition("\n\n")
    if "vnd.amazon.eventstream" in head:
        return  # Its frames have no text.
    (guess,) = recorded_guesses(body.encode(), name)
    assert guess.matches[0].signature.name == name
    assert guess.sureness is Sureness.SURE


@pytest.mark.parametrize("name", NAMES)
def test_the_request_of_each_family_speaks_for_it(name: str) -> None:
    line, _, body = example("request", name).partition("\n")
    sighting = Sighting(status=200, path=line.removeprefix("POST "), request=json.loads(body))
    found = [match.signature.name for match in matches(sighting)]
    paths = {signature.name: signature.paths for signature in signatures()}[name]
    assert name in found or not paths


def test_each_declaration_that_is_named_is_one() -> None:
    named = {each.name: each.declaration for each in signatures() if each.declaration}
    assert set(named) >= {"gemini", "cohere", "dify"}
    for name, file in named.items():
        assert tomllib.loads((ROOT / file).read_text("utf-8"))["dialect"]["name"] == name


def test_the_page_has_a_section_for_each_family() -> None:
    sections = re.findall(r"^### ([a-z0-9-]+): ", PAGE, re.MULTILINE)
    assert sorted(sections) == sorted(NAMES)
