"""The dialect as a value."""

from __future__ import annotations

from streamchat_conformance.catalogue import ECHO
from streamchat_conformance.dialects.interface import Dialect
from streamchat_conformance.dialects.stream_chat.classification import asked
from streamchat_conformance.dialects.stream_chat.events import content
from streamchat_conformance.dialects.stream_chat.places import RepeatablePlaces, places
from streamchat_conformance.dialects.stream_chat.refusals import StreamChatRefusals
from streamchat_conformance.dialects.stream_chat.requests import PATH, StreamChatRequests

DIALECT = Dialect(
    name="stream-chat",
    title="POST /api/stream-chat with prompt and history, as the article describes it",
    path=PATH,
    requests=StreamChatRequests(),
    refusals=StreamChatRefusals(),
    asked=asked,
    content=content,
    places=places,
    repeatable=RepeatablePlaces(),
    capabilities={ECHO: None},
    answers={"model": {ECHO: False}, "echo": {ECHO: True}, "canned": {ECHO: False}},
    reference_options=("--events", "6", "--interval", "0.11"),
    package="streamchat_conformance.dialects.stream_chat",
    explains={
        # Dangerous text can only be judged where plain text comes through whole.
        "payload.line-separators": ("payload.prompt-echo", "payload.history-echo"),
        "payload.history-echo-exact": ("payload.history-echo",),
        # Whose text it is that comes instead of one's own, says the requirement about that.
        "payload.prompt-echo": ("payload.isolation",),
        "payload.history-echo": ("payload.isolation",),
        "payload.response": ("payload.object",),
        "request.prompt-not-string": ("request.valid-accepted",),
    },
)
