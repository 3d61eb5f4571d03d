"""The dialect as a value."""

from __future__ import annotations

from streamchat_conformance.catalogue import MAY, MUST, SHOULD
from streamchat_conformance.dialects.anthropic.capabilities import CAPABILITIES
from streamchat_conformance.dialects.anthropic.classification import (
    INVALID,
    PLAIN,
    REQUIRED,
    asked,
)
from streamchat_conformance.dialects.anthropic.data import KNOWN, SENTINEL
from streamchat_conformance.dialects.anthropic.deployment import deployed, discovery
from streamchat_conformance.dialects.anthropic.events import content
from streamchat_conformance.dialects.anthropic.hostile import hostile_bodies
from streamchat_conformance.dialects.anthropic.refusals import MessageRefusals
from streamchat_conformance.dialects.anthropic.requests import PATH, VERSION, MessageRequests
from streamchat_conformance.dialects.chat_messages.barring import barring
from streamchat_conformance.dialects.chat_messages.model_list import with_listed_model
from streamchat_conformance.dialects.chat_messages.requests import BASE
from streamchat_conformance.dialects.interface import Dialect


def _api_key(key: str) -> tuple[str, str]:
    """Return the field line that carries a key here."""
    return "x-api-key", key


DIALECT = Dialect(
    name="anthropic",
    title="POST /v1/messages: Anthropic Messages, as Anthropic and many servers speak it",
    path=PATH,
    base=BASE,
    requests=MessageRequests(),
    refusals=MessageRefusals(),
    asked=asked,
    content=content,
    reference_options=("--answerer", "typewriter", "--interval", "0.01", "--call-tools"),
    capabilities=CAPABILITIES,
    package="streamchat_conformance.dialects.anthropic",
    plain_row=PLAIN,
    fields=(VERSION,),
    credentials=_api_key,
    hostile=hostile_bodies,
    sentinel=SENTINEL,
    content_events=frozenset({"message", *(KNOWN - {"error", "ping"})}),
    deployed=deployed,
    discovery=discovery,
    discovered=with_listed_model,
    first_event_s=60.0,
    queues=True,
    overload_statuses=frozenset({529}),
    barred=barring(MessageRefusals().text),
    levels={
        "headers.cache-control": SHOULD,
        # Official clients lose the first event after one, and stop at the second.
        "sse.bom": MUST,
        "headers.no-cache": MAY,
        "headers.connection-persistent": SHOULD,
        "headers.connection-keep-alive": MAY,
        "connection.reuse-after-stream": SHOULD,
        "error.routing-json": SHOULD,
        "request.method-refused": SHOULD,
        "request.allow": SHOULD,
        "request.unknown-path": SHOULD,
        "request.media-type-not-json": SHOULD,
    },
    request_rows=("anthropic.content-forms", "anthropic.history-roles", "anthropic.messages-*"),
    without=frozenset(
        {
            "error.not-streamed",
            "error.shape",
            "error.status",
            "payload.json",
            "payload.no-replacement",
            "payload.nonempty",
            "request.unknown-members",
            "request.valid-accepted",
            "sse.event-type",
            "stream.fault",
            "stream.line-client",
        }
    ),
    # Where a server may serve what it should refuse, an internal error is no more than that.
    internal_errors=frozenset(
        {
            *(PLAIN, INVALID, REQUIRED, "request.media-type-not-json"),
            *("request.deep-nesting", "request.huge-number", "request.body-not-utf8"),
        }
    ),
    ends=frozenset({"anthropic.message-stop"}),
    explains={
        "stream.fault-visible": ("anthropic.error-event",),
        "anthropic.heartbeat": ("stream.heartbeat", "sse.no-empty-events"),
        "anthropic.end-prompt": ("transport.terminated",),
        "anthropic.message-stop": (
            *("transport.terminated", "payload.json", "headers.no-content-length"),
        ),
        "sse.one-line": ("payload.json",),
        # Halves of characters are no whole one to who joins them.
        "anthropic.content-parity": ("payload.whole-characters",),
        # An event that a blank line cuts in two loses its name with it.
        "anthropic.event-named": ("sse.data",),
        "anthropic.error-shape": ("error.media-type",),
        # A sequence that does not come as the message has it does not stop it.
        "anthropic.stop-sequences": ("anthropic.content-parity",),
        # Words that come twice are counted twice.
        "anthropic.max-tokens": ("anthropic.content-parity",),
        "error.routing-json": ("anthropic.error-shape",),
    },
)
