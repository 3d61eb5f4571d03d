"""Hooks: how a request is built, and how one event's data is judged.

`ChatPayload` speaks this endpoint's dialect. To load another streaming payload, subclass
`Payload` and set it as the `payload` of your own `StreamUser`.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from streamchat_conformance.catalogue import MUST, Capability
from streamchat_conformance.chat.request import JSON_MEDIA_TYPE, PATH
from streamchat_conformance.core.fields import media_type
from streamchat_conformance.core.json_value import same_json_value
from streamchat_conformance.core.strict_json import read_json
from streamchat_conformance.judges import JUDGES, Reading, judge_all

from streamchat_load.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamchat_conformance.core.exchange import Exchange

MARK = "sc-"
"""Stands before each nonce, so that another stream's nonce is recognised in any text."""

MARKED_NONCE = re.compile(re.escape(MARK) + r"([0-9a-f]{16})(?![0-9a-f])")


def other_nonce(data: str, nonce: str) -> str | None:
    """Return the first marked nonce in an event's data that is not its own stream's, or None."""
    return next((str(found) for found in MARKED_NONCE.findall(data) if found != nonce), None)


@dataclass(frozen=True, slots=True)
class Sent:
    """One request as it was built: its body, its nonce, and what its answer may repeat."""

    nonce: str
    body: bytes
    shape: str
    """Requests of one shape differ by their nonce alone, and so should their answers."""
    value: Any = None
    """Whatever `Payload.judge` needs to know of the request."""


@dataclass(frozen=True, slots=True)
class Breach:
    """What is wrong with one event's data."""

    fault: Fault
    message: str
    expected: str = ""


class Payload(ABC):
    """What is sent and what is expected back, for one kind of endpoint."""

    path: ClassVar[str]
    content_type: ClassVar[str] = JSON_MEDIA_TYPE
    fields: ClassVar[Sequence[tuple[str, str]]] = ()
    """More field lines of each request."""

    @abstractmethod
    def build(self, nonce: str, *, turn: int = 0, pad_bytes: int = 0) -> Sent:
        """Return the request that carries a nonce.

        `turn` counts the turns of a conversation from 0; `pad_bytes` asks for so much more
        text in the request.
        """

    @abstractmethod
    def judge(self, data: str, sent: Sent, *, echo: bool) -> Breach | None:
        """Return what is wrong with an event's data, or None.

        `echo` tells that this server's events repeat the request. This is called for events
        that no template explains, so it need not be fast.
        """

    @abstractmethod
    def echoes(self, data: str, sent: Sent) -> bool:
        """Tell whether an event repeats its request."""

    def content(self, kind: str, data: str) -> str | None:
        """Return what of an event's data is the answer itself; None when nothing of it is.

        Two streams that say the same have the same contents, though other parts of their events
        (a time, an id) may vary. `kind` is the event's type. An event without content, such as a
        ping, is neither counted nor compared.
        """
        del kind
        return data

    def text(self, kind: str, data: str) -> str:
        """Return the text of an event that a user would see; an empty string for none.

        The time to the first text is that to the first event where this is not blank.
        """
        del kind
        return data

    def findings(self, exchange: Exchange, *, echo: bool) -> Sequence[str]:
        """Return what else is wrong with a lone stream, recorded before the load; for people."""
        del exchange, echo
        return ()

    def invalid_bodies(self) -> Sequence[bytes]:
        """Return request bodies that the endpoint must refuse; none when it refuses none."""
        return ()

    def refusal_breach(self, status: int, content_type: str, body: bytes) -> str | None:
        """Return what is wrong with the answer to an invalid request, or None."""
        del content_type, body
        return None if 400 <= status < 500 else f"status {status} to an invalid request"


class ChatPayload(Payload):
    """`POST /api/stream-chat`: a prompt and a history in, events with a response out."""

    path: ClassVar[str] = PATH

    def prompt(self, nonce: str, pad_bytes: int) -> str:
        """Return the prompt that carries the nonce. It has characters of 2, 3 and 4 bytes."""
        text = f"Load test {MARK}{nonce}: Grüße, 日本語, 🙂."
        return text + " padding"[: max(0, pad_bytes)] + "x" * max(0, pad_bytes - 8)

    def history(self, nonce: str, turn: int) -> list[dict[str, str]]:
        """Return the history before a turn: two items for each turn that went before.

        Before them stands one that carries the nonce, so that a history which is shown to
        another user is recognised from the first turn on.
        """
        items = [{"role": "system", "content": f"Load test {MARK}{nonce}."}]
        for earlier in range(turn):
            items.append({"role": "user", "content": f"Turn {earlier} of {MARK}{nonce}"})
            items.append({"role": "assistant", "content": f"Answer {earlier}: Grüße, 日本語, 🙂."})
        return items

    def build(self, nonce: str, *, turn: int = 0, pad_bytes: int = 0) -> Sent:
        """Return the request that carries a nonce in its prompt, and in its history."""
        value = {"prompt": self.prompt(nonce, pad_bytes), "history": self.history(nonce, turn)}
        body = json.dumps(value, ensure_ascii=False).encode("utf-8")
        return Sent(nonce, body, f"turn {turn}, {pad_bytes} bytes more", value)

    def judge(self, data: str, sent: Sent, *, echo: bool) -> Breach | None:
        """Return what is wrong with an event's data (strict JSON, a string `response`, echo)."""
        good = self._is_plainly_good(data, sent, echo=echo)
        return None if good else self._breach(data, sent, echo=echo)

    def _breach(self, data: str, sent: Sent, *, echo: bool) -> Breach | None:
        reading = read_json(data)
        if reading.error is not None:
            return Breach(
                Fault.PAYLOAD, f"the data is not JSON: {reading.error.message}", "one JSON object"
            )
        value = reading.value
        if not isinstance(value, dict):
            return Breach(Fault.PAYLOAD, "the data is not a JSON object", '{"response": …}')
        if "error" in value and "response" not in value:
            return Breach(Fault.ERROR_EVENT, "the event reports an error", "content")
        if not isinstance(value.get("response"), str):
            return Breach(Fault.PAYLOAD, "`response` is not a string", '{"response": "text", …}')
        if "\ufffd" in data or "\\ufffd" in data.lower():
            return Breach(Fault.UTF8, "a character was replaced by U+FFFD", "the character itself")
        return self._echo_breach(value, sent) if echo else None

    def _is_plainly_good(self, data: str, sent: Sent, *, echo: bool) -> bool:
        """Tell quickly that there is nothing to look at closely; False proves nothing.

        Python's reader takes NaN and Infinity for numbers, and `==` takes 1 for true: the first
        are looked for, and what `build` sends has no numbers.
        """
        if "\ufffd" in data or "NaN" in data or "Infinity" in data:
            return False
        if "\\u" in data and "\\ufffd" in data.lower():
            return False
        try:
            value = json.loads(data)
        except (ValueError, RecursionError):
            return False
        return (
            isinstance(value, dict)
            and isinstance(value.get("response"), str)
            and (
                not echo
                or (
                    value.get("prompt") == sent.value["prompt"]
                    and value.get("history") == sent.value["history"]
                )
            )
        )

    def _echo_breach(self, value: dict[str, Any], sent: Sent) -> Breach | None:
        for name in ("prompt", "history"):
            if name not in value:
                return Breach(Fault.PAYLOAD, f"no `{name}` in the event", f"`{name}` as sent")
            difference = same_json_value(sent.value[name], value[name], exact=False)
            if difference is not None:
                return Breach(Fault.ALTERED, f"`{name}` is not as sent: {difference}")
        return None

    def content(self, kind: str, data: str) -> str | None:
        """Return the members that the article knows, in one way of writing JSON.

        Events of a name of their own are content only if they have a `response`: clients that
        listen for messages do not see the others.
        """
        try:
            value = json.loads(data)
        except (ValueError, RecursionError):
            return data
        if not isinstance(value, dict) or not isinstance(value.get("response"), str):
            return data if kind in ("message", "error") else None
        known = {name: value[name] for name in ("response", "prompt", "history") if name in value}
        return json.dumps(known, sort_keys=True)

    def text(self, kind: str, data: str) -> str:
        """Return the `response` of an event."""
        del kind
        try:
            value = json.loads(data)
        except (ValueError, RecursionError):
            return ""
        response = value.get("response") if isinstance(value, dict) else None
        return response if isinstance(response, str) else ""

    def echoes(self, data: str, sent: Sent) -> bool:
        """Tell whether an event has the request's prompt and a history."""
        value = read_json(data).value
        return (
            isinstance(value, dict)
            and value.get("prompt") == sent.value["prompt"]
            and "history" in value
        )

    def findings(self, exchange: Exchange, *, echo: bool) -> Sequence[str]:
        """Have the suite's judges look at a lone stream; return the MUSTs that it breaks."""
        asked = [
            id_
            for id_, judge in JUDGES.items()
            if judge.requirement.level is MUST
            and (echo or Capability.ECHO not in judge.requirement.needs)
        ]
        return [
            f"{id_}: {findings[0].message}"
            for id_, findings in judge_all(Reading(exchange), asked)
            if findings
        ]

    def invalid_bodies(self) -> Sequence[bytes]:
        """Return a body for each way of being refused that the article names."""
        return (
            b"",
            b'{"prompt": "cut',
            b"[]",
            b'{"history": []}',
            b'{"prompt": null, "history": []}',
            b'{"prompt": "no history"}',
            b'{"prompt": "x", "history": "not a list"}',
        )

    def refusal_breach(self, status: int, content_type: str, body: bytes) -> str | None:
        """Ask for status 400 and a JSON object whose `error` is a non-empty string."""
        if status != 400:
            return f"status {status} instead of 400 to an invalid request"
        parsed = media_type(content_type)
        if parsed is None or (parsed.type, parsed.subtype) != ("application", "json"):
            return f"a refusal of type {content_type or 'none'!r} instead of application/json"
        value = read_json(body).value
        if not isinstance(value, dict) or not isinstance(value.get("error"), str):
            return "a refusal that is not a JSON object with a string `error`"
        return None if value["error"] else "a refusal with an empty `error`"
