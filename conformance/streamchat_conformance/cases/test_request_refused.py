"""request: what has to be refused, and what must at least be survived."""

from __future__ import annotations

import re

from streamchat_conformance.catalogue import decides
from streamchat_conformance.core.fields import media_type as read_media_type
from streamchat_conformance.core.http_request import CHUNKED, HttpRequest
from streamchat_conformance.strategies import (
    NON_FINITE,
    arbitrary_bodies,
    corrupted_bodies,
    deep_nesting,
    huge_number,
    lone_surrogate_bodies,
    malformed_bodies,
    media_types_not_json,
    non_finite_bodies,
    not_object_bodies,
    not_utf8_bodies,
)
from streamchat_conformance.suite.budget.cost import costs
from streamchat_conformance.suite.scenarios.forms import form
from streamchat_conformance.suite.scenarios.generated import generated, generated_for
from streamchat_conformance.suite.scenarios.independent import independent
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.barred_requests import one_by_one
from streamchat_conformance.suite.verdicts.judged import check

NESTING_DEPTH = 100_000
NUMBER_DIGITS = 5_000
ODD_MEDIA_TYPES = (
    "application/json; charset=x-unknown",
    "application/json; charset=iso-8859-1",
    "application/json; charset=utf-16",
    "application/json; charset=",
    "application/json, text/plain",
    ";",
    "",
)
"""Content-Types that a server may take or refuse: what reads them must not stumble, which is
request.never-5xx. In Python an unknown charset is a LookupError, which is no ValueError."""


@decides("request.media-type-not-json")
@generated(
    media_types_not_json,
    examples=[
        None,
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/octet-stream",
        "text/plain; charset=utf-8",
        "text/html",
        *ODD_MEDIA_TYPES,
    ],
    share=0.5,
)
def test_a_body_that_is_not_declared_as_json_is_refused(
    target: Target, media_type: str | None
) -> None:
    valid = target.plain().body()
    bodies = [valid]
    declared = media_type and read_media_type(media_type)
    if declared and declared.type == "multipart":
        # Not JSON in any respect: whatever reads forms has nothing to object to.
        bodies.append(form(valid, declared.parameters["boundary"]))
    requests = [HttpRequest(body=body, content_type=media_type) for body in bodies]
    id_ = "request.media-type-not-json"
    one_by_one(lambda request: check(target.send(request), id_), requests)


@decides("request.body-empty")
@costs(3)
@independent(hostile=True)
def test_an_empty_body_is_refused(target: Target) -> None:
    requests = {
        "an empty body": HttpRequest(body=b""),
        "no body at all": HttpRequest(body=b"", framing=()),
        "an empty chunked body": HttpRequest(body=b"0\r\n\r\n", framing=CHUNKED),
    }

    def check_refused(label: str) -> None:
        check(target.send(requests[label], label=label), "request.body-empty")

    one_by_one(check_refused, requests)


def _malformed(target: Target) -> list[bytes]:
    """Return the common mistakes, and each fault at each place, as many as there is time for."""
    enumerated = corrupted_bodies(target.places)
    return [*_mistakes(target), *enumerated[: 4 * target.settings.thoroughness.examples]]


def _mistakes(target: Target) -> list[bytes]:
    valid, said = target.places.valid, target.places.texts[0]
    return [
        b"{",
        valid[: len(valid) * 3 // 4],
        valid[:-1] + b",}",
        valid + valid,
        valid + b" x",
        valid + b"\x00",
        b"Hello",
        valid.replace(b'"', b"'"),
        said.filled(b'"He\nllo"'),
        re.sub(rb'"(\w+)":', rb"\1:", valid),
        valid.replace(b", ", b" ", 1),
        b" ",
    ]


@decides("request.body-malformed")
@generated_for(lambda target: malformed_bodies(target.places), examples=_malformed, share=0.7)
def test_text_that_is_not_json_is_refused(target: Target, body: bytes) -> None:
    check(target.post(body), "request.body-malformed")


@decides("request.body-not-utf8")
@generated_for(
    lambda target: not_utf8_bodies(target.places),
    examples=lambda target: [
        *(
            target.places.texts[0].filled(b'"%s"' % text)
            for text in (b"Gr\xfc\xdfe", b"\xc0\xaf", b"\xed\xa0\x80")
        ),
        *(place.filled(b'"\xff"') for place in target.places.texts[1:]),
        *(target.places.valid.decode().encode(name) for name in ("utf-16", "utf-16-le")),
    ],
)
def test_bytes_that_are_not_utf8_are_refused(target: Target, body: bytes) -> None:
    check(target.post(body), "request.body-not-utf8")


@decides("request.body-not-object")
@generated_for(
    lambda target: not_object_bodies(target.places),
    examples=lambda target: [
        *(b"[]", b'"text"', b"1", b"-0.5e3", b"true", b"false", b"null"),
        b"[%s]" % target.places.valid,
    ],
    share=0.5,
)
def test_json_that_is_no_object_is_refused(target: Target, body: bytes) -> None:
    check(target.post(body), "request.body-not-object")


@decides("request.non-finite-numbers")
@generated_for(
    lambda target: non_finite_bodies(target.places),
    examples=lambda target: [
        *(target.places.values[0].filled(word) for word in NON_FINITE),
        *(place.filled(NON_FINITE[0]) for place in target.places.values[1:]),
    ],
    share=0.2,
)
def test_numbers_that_json_does_not_have_are_refused(target: Target, body: bytes) -> None:
    check(target.post(body), "request.non-finite-numbers")


@decides("request.lone-surrogate")
@generated_for(
    lambda target: lone_surrogate_bodies(target.places),
    examples=lambda target: [
        target.places.texts[0].filled(rb'"\ud83d"'),
        target.places.texts[0].filled(rb'"\ude00\ud83d"'),
        *(place.filled(rb'"\udfff"') for place in target.places.texts[1:]),
        *(place.filled(rb'"\ud800"') for place in target.places.names),
    ],
    share=0.5,
)
def test_half_a_surrogate_pair_is_survived(target: Target, body: bytes) -> None:
    check(target.post(body), "request.lone-surrogate")


@decides("request.deep-nesting")
@costs(4, largest_bytes=600_000)
def test_deep_nesting_is_survived(target: Target) -> None:

    def check_survived(objects: bool) -> None:
        reading = target.post(
            deep_nesting(target.places, NESTING_DEPTH, objects=objects), label="100,000 levels"
        )
        target.check_alive("100,000 levels of nesting")
        check(reading, "request.deep-nesting")

    one_by_one(check_survived, (False, True))


@decides("request.huge-number")
@costs(2, largest_bytes=5000)
@independent()
def test_a_huge_number_is_survived(target: Target) -> None:
    reading = target.post(
        huge_number(target.places, NUMBER_DIGITS), label="an integer of 5,000 digits"
    )
    target.check_alive("an integer of 5,000 digits")
    check(reading, "request.huge-number")


@decides("request.never-5xx")
@generated_for(
    lambda target: arbitrary_bodies(target.places),
    examples=lambda target: [
        *(b"\x00", b"\xff\xfe"),
        *target.places.hostile,
        b"\xef\xbb\xbf" + target.places.valid,
    ],
    share=3.0,
    perilous=True,
)
def test_no_body_draws_an_internal_error(target: Target, body: bytes) -> None:
    check(target.post(body), "request.never-5xx")
