"""request: which client asks, what it accepts and what it offers changes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from streamchat_conformance.catalogue import MUST, decides, requirement
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.suite.budget.cost import costs
from streamchat_conformance.suite.scenarios.equivalent_requests import first_unlike
from streamchat_conformance.suite.scenarios.independent import independent
from streamchat_conformance.suite.target.target import CONCURRENT_REQUESTS, Target
from streamchat_conformance.suite.verdicts.judged import violation

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/131.0.0.0 Safari/537.36"
)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1"
)

USER_AGENTS = (
    None,
    CHROME,
    FIREFOX,
    SAFARI,
    "curl/8.11.0",
    "python-requests/2.32.3",
    "python-httpx/0.28.1",
    "node",
    "axios/1.7.9",
    "Java-http-client/21.0.5",
    "okhttp/4.12.0",
    "Go-http-client/1.1",
)
"""What common clients of such an endpoint call themselves; None sends no User-Agent."""

HTTP2_SETTINGS = "AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA"
"""Settings of HTTP/2 (RFC 7540 section 3.2.1), as the JDK's client sends them."""


@requirement(
    "request.accept",
    MUST,
    "A request with Accept: */*, or without Accept, is served like one that accepts "
    "text/event-stream.",
    source="article; RFC 9110 section 12.5.1",
)
@independent(at_once=2)
def test_any_media_type_accepted_gets_the_stream(target: Target) -> None:
    plain = target.plain()
    requests = [HttpRequest.chat(plain, accept=accept) for accept in ("*/*", None)]
    _check_alike(target, "request.accept", requests, "Accept")


@requirement(
    "request.client-independent",
    MUST,
    "Common User-Agents (browsers, curl, libraries of Python, Node, Java and Go), and none, "
    "get the same answer.",
    source="article; practice",
)
@costs(12)
@independent(at_once=CONCURRENT_REQUESTS)
def test_every_client_gets_the_stream(target: Target) -> None:
    plain = target.plain()
    requests = [HttpRequest.chat(plain, user_agent=name) for name in USER_AGENTS]
    _check_alike(target, "request.client-independent", requests, "User-Agent")


@decides("request.upgrade-ignored")
@independent(at_once=2)
def test_an_offer_to_upgrade_loses_no_request(target: Target) -> None:
    plain = HttpRequest.chat(target.plain())
    requests = [
        plain.with_fields(
            ("Connection", "Upgrade, HTTP2-Settings"),
            ("Upgrade", "h2c"),
            ("HTTP2-Settings", HTTP2_SETTINGS),
        ),
        plain.with_fields(("Connection", "Upgrade"), ("Upgrade", "x-unknown/1")),
    ]
    _check_alike(target, "request.upgrade-ignored", requests, "Upgrade")


def _check_alike(target: Target, id_: str, requests: Sequence[HttpRequest], name: str) -> None:
    """Raise Violation for the first request that is not served as a plain one is."""
    found = first_unlike(target, requests, label=f"a plain request with another {name}")
    if found is None:
        return
    request, reading = found
    sent = dict(request.client_fields()) | dict(request.fields)
    value = f"{name}: {sent[name]}" if name in sent else f"no {name}"
    message = f"a valid request with {value} is not served like others"
    raise violation(id_, message, "200, text/event-stream", reading)
