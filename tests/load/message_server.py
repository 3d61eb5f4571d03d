"""A small server of Anthropic Messages that breaks one stream in every N, in a way it chooses."""

from __future__ import annotations

import json
import secrets
from typing import Any, ClassVar

from faulty_server import FaultyServer, run

FAULTS = {
    "lost": "lost",
    "duplicated": "duplicated",
    "reordered": "reordered",
    "altered": "altered",
    "crossed-text": "crossed",
    "taken-id": "crossed",
    "crossed-message": "crossed",
    "cut": "truncated",
    "no-stop": "truncated",
    "no-message-delta": "truncated",
    "no-reason": "payload",
    "no-start": "order",
    "second-start": "order",
    "no-block-start": "order",
    "open-block": "order",
    "wrong-index": "order",
    "wrong-delta": "payload",
    "after-stop": "order",
    "error": "error-event",
    "utf8": "utf8",
    "not-json": "payload",
    "nameless": "payload",
    "misnamed": "payload",
    "no-usage": "payload",
    "malformed-line": "framing",
    "media-type": "head",
    "stalled": "stall",
}
"""Each kind of fault, and the class under which a load counts it."""


class MessageServer(FaultyServer):
    FAULTS: ClassVar = FAULTS

    def key_line(self, key: str) -> str:
        return f"x-api-key: {key}"

    def error(self, message: str) -> dict[str, Any]:
        return {"type": "error", "error": {"type": "invalid_request_error", "message": message}}

    def blocks(self, asked: dict[str, Any], fault: str) -> list[bytes]:
        """Return the blocks of a stream."""
        own = f"msg_{secrets.token_hex(12)}"
        last = self.begin(own, asked)
        texts = self.faulty_texts(asked, last, fault)
        start = message_start(last["id"] if fault == "taken-id" else own)
        events = [
            start,
            {"type": "content_block_start", "index": 0, "content_block": text_block()},
            *(delta(text) for text in texts),
            {"type": "content_block_stop", "index": 0},
            {
                "type": "message_delta",
                "delta": {"stop_reason": "end_turn", "stop_sequence": None},
                "usage": {"output_tokens": len(texts)},
            },
            {"type": "message_stop"},
        ]
        spoil(events, fault, last["id"])
        blocks = [block(each, name_of(each, place, fault)) for place, each in enumerate(events)]
        return self.damaged(blocks, len(blocks) // 2, fault)

    def damaged(self, blocks: list[bytes], middle: int, fault: str) -> list[bytes]:
        if fault == "error":
            return [*blocks[:middle], block(self.error("Overloaded"), "error")]
        instead = {
            "utf8": blocks[middle].replace(b'"text": "', b'"text": "\xe6\x97'),
            "not-json": b'event: content_block_delta\ndata: {"type": "content_blo\n\n',
            "malformed-line": blocks[middle].replace(b"data:", b"dta:"),
        }
        return [*blocks[:middle], instead.get(fault, blocks[middle]), *blocks[middle + 1 :]]


def spoil(events: list[dict[str, Any]], fault: str, other: str) -> None:
    """Break the events of a stream in place; `other` is the id of another one."""
    middle = len(events) // 2
    left_out = {
        "no-start": 0,
        "no-block-start": 1,
        "open-block": -3,
        "no-message-delta": -2,
        "no-stop": -1,
    }
    if fault in left_out:
        del events[left_out[fault]]
    elif fault == "second-start":
        events.insert(middle, message_start(f"msg_{secrets.token_hex(12)}"))
    elif fault == "crossed-message":
        events.insert(middle, message_start(other))
    elif fault == "after-stop":
        events.append(events[middle])
    elif fault == "wrong-index":
        events[1]["index"] = 1
    elif fault == "wrong-delta":
        text = events[middle]["delta"]["text"]
        events[middle]["delta"] = {"type": "thinking_delta", "thinking": text}
    elif fault == "no-reason":
        events[-2]["delta"]["stop_reason"] = None
    elif fault == "no-usage":
        del events[0]["message"]["usage"]


def name_of(event: dict[str, Any], place: int, fault: str) -> str:
    """Return the name of an event, which is its type where nothing is wrong."""
    if place == 3 and fault == "nameless":
        return ""
    return "delta" if place == 3 and fault == "misnamed" else str(event["type"])


def message_start(identifier: str) -> dict[str, Any]:
    message: dict[str, Any] = {
        "id": identifier,
        "type": "message",
        "role": "assistant",
        "model": "small",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 9, "output_tokens": 1},
    }
    return {"type": "message_start", "message": message}


def text_block() -> dict[str, Any]:
    return {"type": "text", "text": ""}


def delta(text: str) -> dict[str, Any]:
    value = {"type": "text_delta", "text": text}
    return {"type": "content_block_delta", "index": 0, "delta": value}


def block(value: dict[str, Any], name: str) -> bytes:
    lines = [f"event: {name}"] if name else []
    return "\n".join([*lines, f"data: {json.dumps(value, ensure_ascii=False)}\n\n"]).encode()


if __name__ == "__main__":
    run(MessageServer)
