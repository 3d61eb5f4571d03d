"""The dialect kit: what every dialect keeps, whatever it says.

A dialect enters the kit through `SPOKEN`: its name, and the control server's steps that speak it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from acme_faults import FAULTS as ACME_FAULTS
from acme_steps import AcmeSteps
from hypothesis import given, settings
from hypothesis import strategies as st
from sampling import examples
from streamchat_conformance.catalogue import SHARED, Level
from streamchat_conformance.core.exchange import Ending, Exchange, Read
from streamchat_conformance.core.expectation import Expectation
from streamchat_conformance.core.http_request import Body, HttpRequest
from streamchat_conformance.core.json_place import with_member
from streamchat_conformance.dialects.asking import ask
from streamchat_conformance.dialects.places import places_of, repeatable_of
from streamchat_conformance.dialects.registry import dialect_named
from streamchat_conformance.judges import Reading, rules_of
from streamchat_conformance.recorder import Endpoint
from streamchat_conformance.report.catalogue_text import texts_of
from streamchat_conformance.strategies import any_json, json_text, prompts
from streamchat_conformance.suite.config.settings import Settings
from streamchat_conformance.suite.target.stop_conditions import Watched
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.ledger import Ledger
from streamchat_fixtures import dialects
from streamchat_fixtures.control import ControlServer, ControlSettings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamchat_conformance.dialects.interface import Asked, Dialect
    from streamchat_conformance.judges import Rules
    from streamchat_fixtures.control import Steps
    from streamchat_fixtures.variants import Fault

PROPERTY = settings(deadline=None, max_examples=examples(50))
FAST = ControlSettings(events=5, interval_s=0.005)
STREAM_S = 10.0


@dataclass(frozen=True)
class Spoken:
    """A dialect, and the servers that speak it."""

    name: str
    steps: Steps
    faults: Iterable[Fault]

    @property
    def dialect(self) -> Dialect:
        return dialect_named(self.name)

    @property
    def rules(self) -> Rules:
        return rules_of(self.name)

    @property
    def own(self) -> list[str]:
        """The ids of the requirements that no other dialect has."""
        return [id_ for id_ in self.rules.catalogue if id_ not in SHARED.by_id]


SPOKEN = {
    **{
        name: Spoken(name, dialects.steps_of(name), list(dialects.faults_of(name)))
        for name in dialects.NAMES
    },
    "acme": Spoken("acme.dialect", AcmeSteps(), list(ACME_FAULTS)),
}
UNPUBLISHED = frozenset({"acme"})
"""Dialects without texts and recorded exchanges: one of the tests."""

each_dialect = pytest.mark.parametrize("spoken", SPOKEN.values(), ids=SPOKEN)


each_published = pytest.mark.parametrize(
    "spoken",
    [SPOKEN[name] for name in sorted(SPOKEN.keys() - UNPUBLISHED)],
    ids=lambda each: each.name,
)


def asked_of(dialect: Dialect, request: HttpRequest | bytes) -> Asked:
    """Return what a request, or a body, asks."""
    request = HttpRequest(body=request) if isinstance(request, bytes) else request
    fields = dialect.fields_with((), request)
    sent = request.encode(authority="test", path=dialect.path, extra=fields)
    return ask(dialect, sent, path=dialect.path)


# -- requests ------------------------------------------------------------------------------


@each_dialect
def test_plain_requests_are_valid(spoken: Spoken) -> None:
    dialect = spoken.dialect
    for plain in dialect.requests.plain:
        assert asked_of(dialect, HttpRequest.chat(plain)).expectation is Expectation.ACCEPT
    first = asked_of(dialect, HttpRequest.chat(dialect.requests.plain[0]))
    assert first.row == dialect.plain_row
    assert dialect.plain_row in spoken.rules.catalogue


@each_dialect
def test_invalid_requests_are_refused(spoken: Spoken) -> None:
    dialect = spoken.dialect
    requests = dialect.requests
    large = [HttpRequest(body=body) for body in requests.invalid_and_large]
    assert all(len(request.body) >= 50_000 for request in large)
    for request in (*requests.refusable, *requests.invalid, *large):
        asked = asked_of(dialect, request)
        assert asked.expectation is Expectation.REFUSE, request.body[:200]
        assert asked.row in spoken.rules.catalogue


@each_dialect
@PROPERTY
@given(data=st.data())
def test_requests_say_any_text_and_stay_valid(spoken: Spoken, data: st.DataObject) -> None:
    dialect = spoken.dialect
    plain, text = dialect.requests.plain[0], f"a{data.draw(prompts(max_size=20))}"
    bodies = [
        dialect.requests.saying(plain, text),
        dialect.requests.recalling(plain, text),
        *dialect.requests.everywhere(plain, text),
        repeatable_of(dialect).request(plain, text, repeatable_of(dialect).names),
    ]
    for body in bodies:
        asked = asked_of(dialect, HttpRequest.chat(body))
        assert asked.expectation is Expectation.ACCEPT
        assert any(text in value for value in strings_of(asked.values))


@each_dialect
def test_a_request_recalls_one_text_and_says_another(spoken: Spoken) -> None:
    requests = spoken.dialect.requests
    plain = requests.plain[0]
    texts = strings_of(sent(spoken, requests.saying(plain, "what is said now")))
    assert "what is said now" in texts
    if strings_of(sent(spoken, requests.recalling(plain, "recalled"))).count("recalled"):
        both = requests.recalling(requests.saying(plain, "what is said now"), "recalled")
        assert {"what is said now", "recalled"} <= set(strings_of(sent(spoken, both)))


def sent(spoken: Spoken, body: Body) -> Any:
    """Return the values of a request, as they are read from its bytes."""
    return asked_of(spoken.dialect, HttpRequest.chat(body)).values


def strings_of(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict | list | tuple):
        inner = [*value, *value.values()] if hasattr(value, "values") else value
        return [text for each in inner for text in strings_of(each)]
    return strings_of(dict(value)) if hasattr(value, "keys") else []


@each_dialect
@PROPERTY
@given(text=prompts(max_size=20))
def test_places_for_text_are_in_a_valid_body(spoken: Spoken, text: str) -> None:
    dialect = spoken.dialect
    places = places_of(dialect, dialect.requests.plain[0])
    assert places.texts
    assert places.values
    for place in places.texts:
        asked = asked_of(dialect, place.filled(json_text(f"a{text}")))
        assert asked.expectation is Expectation.ACCEPT
        broken = asked_of(dialect, place.filled(b'"\xff"'))
        assert broken.row == "request.body-not-utf8"
    for place in places.names:
        assert asked_of(dialect, place.filled(b'"\xff"')).row == "request.body-not-utf8"
    for place in places.values:
        assert asked_of(dialect, place.filled(b"NaN")).row == "request.non-finite-numbers"
        assert asked_of(dialect, place.filled(b"tru")).row == "request.body-malformed"


@each_dialect
@PROPERTY
@given(data=st.data())
def test_no_object_makes_the_classification_raise(spoken: Spoken, data: st.DataObject) -> None:
    dialect = spoken.dialect
    members = [json_text(name) for name in places_of(dialect, dialect.requests.plain[0]).members]
    value = data.draw(any_json())
    body = with_member(b"{}", data.draw(st.sampled_from(members)) + b":" + json_text(value))
    for name in members:
        if data.draw(st.booleans()):
            body = with_member(body, name + b":" + json_text(data.draw(any_json(max_depth=2))))
    asked = asked_of(dialect, body)
    assert asked.sent is not None


# -- events --------------------------------------------------------------------------------


@cache
def recorded(name: str) -> Reading:
    """Return the reading of a whole stream of the dialect's control server."""
    spoken = SPOKEN[name]
    with ControlServer(settings=FAST, steps=spoken.steps) as server:
        endpoint = Endpoint.from_url(server.url, path=spoken.dialect.path)
        config = Settings(url=server.url, dialect=spoken.dialect)
        target = Target(config, endpoint, Ledger(path=endpoint.path, rules=spoken.rules))
        request = HttpRequest.chat(spoken.dialect.requests.plain[0])
        reading = target.send(request, stop=Watched(STREAM_S))
    assert not [id_ for id_, _ in target.ledger.all_findings() if is_must(spoken, id_)]
    return reading


def is_must(spoken: Spoken, id_: str) -> bool:
    return spoken.rules.catalogue[id_].level is Level.MUST


@pytest.mark.parametrize("name", SPOKEN)
def test_the_control_servers_stream_is_read_as_text_and_an_end(name: str) -> None:
    reading = recorded(name)
    content = reading.content
    assert reading.ended_well
    assert "".join(piece.text for piece in content.pieces)
    assert content.failure is None
    signs = reading.dialect.sentinel is not None
    assert content.finished or not signs


@pytest.mark.parametrize("name", SPOKEN)
@PROPERTY
@given(data=st.data())
def test_no_stream_makes_content_or_a_judge_raise(name: str, data: st.DataObject) -> None:
    good = recorded(name)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close"
    blocks = good.body.split(b"\n\n")[:-1]
    changed = data.draw(st.lists(mutated_blocks(blocks), max_size=6))
    received = head + b"\r\n\r\n" + b"".join(block + b"\n\n" for block in changed)
    ending = data.draw(st.sampled_from([Ending.CLOSED, Ending.RESET, Ending.ABANDONED]))
    exchange = Exchange(good.exchange.request, (Read(0.1, received),), ending=ending)
    reading = Reading(exchange, dialect=good.dialect)
    reading.content  # noqa: B018 -- what it says does not matter
    for _id, findings in SPOKEN[name].rules.judge_all(reading):
        assert all(finding.message for finding in findings)


def mutated_blocks(blocks: list[bytes]) -> st.SearchStrategy[bytes]:
    """Draw the blocks of a real stream, most of them with something changed, and others."""
    real = st.sampled_from(blocks)
    values = any_json(max_depth=2).map(json_text)
    names = st.sampled_from(["", "event: error\n", "event: x\n", "id: 1\n", ": x\n"])
    return st.one_of(
        real,
        st.builds(replaced, real, st.integers(0, 50), values),
        st.builds(lambda block, at: block[: at % (len(block) + 1)], real, st.integers(0, 200)),
        st.builds(lambda name, value: name.encode() + b"data: " + value, names, values),
        st.binary(max_size=20),
    )


def replaced(block: bytes, at: int, value: bytes) -> bytes:
    """Return a block in which one JSON value is another one."""
    found = list(re.finditer(rb'"(?:[^"\\]|\\.)*"(?!\s*:)|\d+|null|true|false|\[\]|\{\}', block))
    if not found:
        return block
    match = found[at % len(found)]
    return block[: match.start()] + value + block[match.end() :]


# -- requirements --------------------------------------------------------------------------


@each_dialect
def test_every_own_requirement_has_a_faulty_server(spoken: Spoken) -> None:
    broken = {id_ for fault in spoken.faults for id_ in fault.breaks}
    catalogue = spoken.rules.catalogue
    assert {id_ for id_ in spoken.own if catalogue[id_].level is not Level.MAY} <= broken


@each_published
def test_every_own_requirement_says_why_it_exists_and_how_to_fix_a_server(spoken: Spoken) -> None:
    texts = {id_: texts_of(id_) for id_ in spoken.own}
    assert [id_ for id_, text in texts.items() if text is None or not text.why] == []
    assert [id_ for id_, text in texts.items() if text is None or not text.fix] == []


@each_published
def test_every_own_judge_has_an_exchange_that_breaks_it_and_one_that_does_not(
    spoken: Spoken,
) -> None:
    exchanges = dialects.exchanges_of(spoken.name)
    judged = {id_ for id_ in spoken.own if id_ in spoken.rules.judges}
    assert judged - {id_ for each in exchanges for id_ in each.breaks} == set()
    assert judged - {id_ for each in exchanges for id_ in each.clears} == set()
