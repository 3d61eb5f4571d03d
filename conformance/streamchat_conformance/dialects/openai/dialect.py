"""The dialect as a value."""

from __future__ import annotations

from streamchat_conformance.catalogue import MAY, MUST, SHOULD
from streamchat_conformance.dialects.chat_messages.barring import barring
from streamchat_conformance.dialects.chat_messages.model_list import with_listed_model
from streamchat_conformance.dialects.chat_messages.requests import BASE
from streamchat_conformance.dialects.interface import Dialect
from streamchat_conformance.dialects.openai.capabilities import (
    CAPABILITIES,
    DETERMINISTIC,
    OBEDIENT,
)
from streamchat_conformance.dialects.openai.classification import PLAIN, asked
from streamchat_conformance.dialects.openai.data import SENTINEL
from streamchat_conformance.dialects.openai.deployment import accepted, deployed, discovery
from streamchat_conformance.dialects.openai.events import content
from streamchat_conformance.dialects.openai.refusals import CompletionRefusals
from streamchat_conformance.dialects.openai.requests import PATH, CompletionRequests

DIALECT = Dialect(
    name="openai",
    title="POST /v1/chat/completions: Chat Completions, as OpenAI and many servers speak it",
    path=PATH,
    base=BASE,
    requests=CompletionRequests(),
    refusals=CompletionRefusals(),
    asked=asked,
    content=content,
    reference_options=("--answerer", "typewriter", "--interval", "0.01", "--call-tools"),
    capabilities=CAPABILITIES,
    package="streamchat_conformance.dialects.openai",
    plain_row=PLAIN,
    sentinel=SENTINEL,
    deployed=deployed,
    discovery=discovery,
    discovered=with_listed_model,
    accepted=accepted,
    first_event_s=60.0,
    queues=True,
    refusal_s=30.0,
    answers={
        "model": {},
        "echo": {OBEDIENT: True, DETERMINISTIC: True},
        "canned": {OBEDIENT: False, DETERMINISTIC: True},
    },
    levels={
        "headers.cache-control": SHOULD,
        "headers.no-cache": MAY,
        "headers.connection-persistent": SHOULD,
        "headers.connection-keep-alive": MAY,
        # Servers that close after a whole stream, unannounced, lose no answer of the SDKs: these
        # open another connection. Answers that are mixed up break other requirements.
        "connection.reuse-after-stream": SHOULD,
        "sse.bom": MUST,
        "sse.event-type": SHOULD,
        "stream.line-client": SHOULD,
        "error.routing-json": SHOULD,
        "request.method-refused": SHOULD,
        "request.allow": SHOULD,
        "request.unknown-path": SHOULD,
        "request.large-prompt": SHOULD,
        "request.media-type-not-json": SHOULD,
        "request.chunked-body": SHOULD,
        "request.chunk-extensions": SHOULD,
        "request.deep-nesting": SHOULD,
        "request.huge-number": SHOULD,
        "request.body-not-utf8": SHOULD,
    },
    request_rows=(
        *("openai.usage-honoured", "openai.usage-unasked", "openai.tool-finish"),
        *("openai.request-*", "openai.error-*", "openai.message*", "openai.stream-*"),
    ),
    prompts=frozenset({"tool"}),
    # A prompt of 1 MiB may keep a model busy for minutes, or cost as much as all other requests.
    costly=frozenset({"request.very-large-prompt"}),
    without=frozenset(
        {
            "error.status",
            "error.shape",
            "error.no-leak",
            "error.not-streamed",
            "payload.nonempty",
            "payload.no-replacement",
            "request.unknown-members",
            "request.valid-accepted",
            "stream.fault",
        }
    ),
    barred=barring(CompletionRefusals().text),
    internal_errors=frozenset(
        {
            PLAIN,
            "request.deep-nesting",
            "request.huge-number",
            "request.body-not-utf8",
        }
    ),
    ends=frozenset({"openai.done", "openai.finish-present"}),
    explains={
        # What is beyond the length that a server gives is lost to its clients.
        **dict.fromkeys(
            (
                *("openai.done", "openai.finish-present", "payload.nonempty"),
                *("openai.n-choices", "openai.usage-honoured", "openai.stream-false"),
            ),
            ("headers.no-content-length",),
        ),
        "openai.no-dataless-block": ("sse.retry",),
        # An event that cannot be read is no error, where none can be.
        "openai.error-not-streamed": ("payload.json", "sse.comments", "sse.utf8"),
        "sse.one-line": ("payload.json",),
        "openai.stream-options-empty": (
            *("openai.done", "openai.finish-present", "transport.terminated"),
            *("openai.delta", "sse.final-blank-line", "openai.only-chunks", "sse.fields"),
        ),
        # Where the reason stands in another place, no choice finishes: that says it all.
        "openai.finish-member": ("openai.finish-present",),
        # A sequence that does not come as the answer has it does not stop it.
        "openai.option-ignored": (
            "openai.n-choices",
            "openai.choice-index",
            "openai.content-parity",
        ),
        "openai.content-parity": (
            "openai.choice-index",
            "openai.delta",
            "openai.nothing-after-finish",
        ),
        **dict.fromkeys(
            (
                *("openai.finish-once", "openai.finish-last", "openai.finish-enum"),
                "openai.usage-chunk",
            ),
            ("openai.nothing-after-finish",),
        ),
        # A cut call looks whole where the reason of the end is wrong: that is the cause of it.
        "openai.tool-arguments-json": ("openai.finish-length",),
        "openai.usage-parity": ("openai.usage-plausible", "openai.usage-shape"),
        "openai.logprobs": (
            *("openai.content-parity", "openai.delta", "openai.nothing-after-finish"),
            *("payload.no-replacement", "payload.nonempty"),
        ),
        "payload.object": ("openai.only-chunks",),
        "sse.no-empty-events": ("openai.only-chunks",),
        "sse.data": ("openai.no-dataless-block",),
        "sse.event-type": ("openai.only-chunks",),
        "openai.only-chunks": ("openai.fault-error-event", "openai.error-not-streamed"),
        "openai.id-stable": ("openai.isolated",),
        "stream.fault-visible": ("openai.fault-error-event",),
        "stream.line-client": ("openai.done-exact", "openai.only-chunks", "sse.bom"),
        "error.routing-json": ("openai.error-envelope",),
        # What follows a refusal's end is the rest of it.
        "openai.error-envelope": ("error.media-type", "error.delimited"),
    },
)
