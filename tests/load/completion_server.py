"""A small server of Chat Completions that breaks one stream in every N, in a way of its choice."""

from __future__ import annotations

import json
import secrets
import time
from typing import Any, ClassVar

from completion_faults import FAULTS
from faulty_server import FaultyServer, run


class CompletionServer(FaultyServer):
    FAULTS: ClassVar = FAULTS

    def key_line(self, key: str) -> str:
        return f"Bearer {key}"

    def error(self, message: str) -> dict[str, Any]:
        return {"error": {"message": message, "type": "invalid_request_error", "code": None}}

    def blocks(self, asked: dict[str, Any], fault: str) -> list[bytes]:
        """Return the blocks of a stream."""
        own = f"chatcmpl-{secrets.token_hex(12)}"
        last = self.begin(own, asked)
        identifier = last["id"] if fault == "taken-id" else own
        texts = self.faulty_texts(asked, last, fault)
        middle = len(texts) // 2
        chunks = [chunk(identifier, {"role": "assistant", "content": ""})]
        chunks += [chunk(identifier, {"content": text}) for text in texts]
        if fault == "no-role":
            del chunks[0]
        if fault in ("crossed-id", "other-id"):
            chunks[middle]["id"] = last["id"] if fault == "crossed-id" else "chatcmpl-other"
        if fault == "no-choices":
            chunks[middle]["choices"] = None
        if fault != "no-finish":
            chunks.append(chunk(identifier, {}, "stop"))
        if fault == "after-finish":
            chunks.append(chunk(identifier, {"content": "more"}))
        options = asked.get("stream_options") or {}
        if options.get("include_usage") and self.settings.usage and fault != "no-usage":
            tokens = len(texts)
            usage = {"prompt_tokens": 9, "completion_tokens": tokens, "total_tokens": tokens + 9}
            chunks.append({**chunk(identifier, {}), "choices": [], "usage": usage})
        blocks = [block(json.dumps(each, ensure_ascii=False)) for each in chunks]
        if fault != "no-done":
            blocks.append(block("[done]" if fault == "misspelt-end" else "[DONE]"))
        return self.damaged(blocks, len(blocks) // 2, fault)

    def damaged(self, blocks: list[bytes], middle: int, fault: str) -> list[bytes]:
        failed = block(json.dumps(self.error("the model is gone")))
        if fault == "error":
            return [*blocks[:middle], failed]
        if fault == "after-done":
            return [*blocks, blocks[middle]]
        instead = {
            "utf8": blocks[middle].replace(b'"content": "', b'"content": "\xe6\x97'),
            "not-json": block('{"id": "chatcmpl-1", "choices": [{"index": 0, '),
            "malformed-line": b"dta" + blocks[middle][4:],
        }
        return [*blocks[:middle], instead.get(fault, blocks[middle]), *blocks[middle + 1 :]]


def chunk(identifier: str, delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
    return {
        "id": identifier,
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": "small",
        "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
    }


def block(data: str) -> bytes:
    return f"data: {data}\n\n".encode()


if __name__ == "__main__":
    run(CompletionServer)
