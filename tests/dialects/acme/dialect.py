"""The dialect as a value."""

from __future__ import annotations

from streamchat_conformance.catalogue import SHOULD
from streamchat_conformance.dialects.interface import Dialect

from acme.capabilities import COUNT, uncounted
from acme.classification import asked
from acme.events import content
from acme.refusals import AcmeRefusals
from acme.requests import AcmeRequests

DIALECT = Dialect(
    name="acme.dialect",
    title="POST /v2/talk: a dialect of the tests",
    path="/v2/talk",
    requests=AcmeRequests(),
    refusals=AcmeRefusals(),
    asked=asked,
    content=content,
    capabilities={COUNT: uncounted},
    package="acme",
    sentinel="[END]",
    content_events=frozenset({"token", "done"}),
    levels={"request.unknown-members": SHOULD},
    without=frozenset({"sse.event-type", "stream.line-client"}),
)
