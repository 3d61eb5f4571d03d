"""Official clients, unchanged: each reads a stream, and what it made of it is returned."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import struct
import subprocess
import threading
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import openai

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamchat_fixtures.exchanges import ExchangeCase

SCRIPT: Final = Path(__file__).parent / "read.mjs"
MODULES: Final = Path(os.environ.get("STREAMCHAT_NODE_MODULES", "node_modules"))
"""The folder `node_modules` that has the clients for Node."""
LIMIT_S: Final = 5.0
NODE: Final = ("raw", "helper", "aiSdk")
COLUMNS: Final = {
    "python raw": "openai-python, `create(stream=True)`",
    "python helper": "openai-python, `chat.completions.stream()`",
    "raw": "openai-node, `create({stream: true})`",
    "helper": "openai-node, `chat.completions.stream()`",
    "aiSdk": "`@ai-sdk/openai-compatible`",
}


@dataclass
class ClientReading:
    """What a client made of a stream."""

    text: str = ""
    reasoning: str = ""
    role: str | None = None
    """As the client has it; None where it has none."""
    calls: list[list[Any]] = field(default_factory=list)
    """Id, name and arguments of each."""
    finish: str | None = None
    usage: list[Any] | None = None
    error: str | None = None


def has_node() -> bool:
    """Return whether the clients for Node can be run."""
    return shutil.which("node") is not None and (MODULES / "openai").is_dir()


class Clients:
    """The clients, those for Node in one process that answers line by line."""

    def __init__(self) -> None:
        self._node: subprocess.Popen[str] | None = None
        if has_node():
            self._node = subprocess.Popen(
                ["node", str(SCRIPT), str(MODULES)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
            )

    def close(self) -> None:
        """End the process."""
        if self._node is not None:
            self._node.kill()
            self._node.communicate()

    def read(self, client: str, url: str, body: dict[str, Any]) -> ClientReading:
        """Return what a client makes of the answer to a request at a base URL."""
        if client == "python raw":
            return _python(_raw, url, body)
        if client == "python helper":
            return _python(_helper, url, body)
        assert self._node is not None
        assert self._node.stdin is not None
        assert self._node.stdout is not None
        self._node.stdin.write(json.dumps({"client": client, "url": url, "body": body}) + "\n")
        self._node.stdin.flush()
        return ClientReading(**json.loads(self._node.stdout.readline()))


def _python(read: Any, url: str, body: dict[str, Any]) -> ClientReading:
    reading = ClientReading()
    with openai.OpenAI(base_url=url, api_key="none", max_retries=0, timeout=LIMIT_S) as client:
        try:
            read(cast("Any", client.chat.completions), body, reading)
        except Exception as error:  # noqa: BLE001 -- whatever a client raises is to be known
            reading.error = f"{type(error).__name__}: {error}"
    return reading


def _said(message: Any, name: str) -> str:
    extra = getattr(message, "model_extra", None) or {}
    return str(extra.get(name) or "")


def _raw(completions: Any, body: dict[str, Any], reading: ClientReading) -> None:
    calls: dict[Any, list[Any]] = {}
    with completions.create(**body) as stream:
        for chunk in stream:
            if chunk.usage:
                reading.usage = [chunk.usage.prompt_tokens, chunk.usage.completion_tokens]
            for choice in chunk.choices or ():
                if choice.index != 0:
                    continue
                delta = choice.delta
                reading.finish = choice.finish_reason or reading.finish
                reading.role = reading.role or getattr(delta, "role", None)
                reading.text += getattr(delta, "content", None) or ""
                reading.reasoning += _said(delta, "reasoning_content") or _said(delta, "reasoning")
                for piece in getattr(delta, "tool_calls", None) or ():
                    call = calls.setdefault(piece.index, ["", "", ""])
                    call[0] = call[0] or piece.id or ""
                    if piece.function is not None:
                        call[1] = call[1] or piece.function.name or ""
                        call[2] += piece.function.arguments or ""
            reading.calls = [*calls.values()]


def _helper(completions: Any, body: dict[str, Any], reading: ClientReading) -> None:
    options = {name: value for name, value in body.items() if name != "stream"}
    with completions.stream(**options) as stream:
        whole = stream.get_final_completion()
    if whole.usage:
        reading.usage = [whole.usage.prompt_tokens, whole.usage.completion_tokens]
    for choice in whole.choices[:1]:
        message = choice.message
        reading.text = message.content or ""
        reading.reasoning = _said(message, "reasoning_content") or _said(message, "reasoning")
        reading.role = message.role
        reading.finish = choice.finish_reason
        reading.calls = [
            [call.id, call.function.name, call.function.arguments]
            for call in message.tool_calls or ()
        ]


@contextlib.contextmanager
def replaying(case: ExchangeCase) -> Iterator[str]:
    """Serve one recorded response to whoever asks; yield the base URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_serve, args=(listener, case), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
    thread.join(LIMIT_S)


def _serve(listener: socket.socket, case: ExchangeCase) -> None:
    with contextlib.suppress(OSError):
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(2 * LIMIT_S)
            _read_request(connection)
            connection.sendall(case.received)
            if case.ended in {"timed-out", "abandoned"}:
                connection.recv(1)  # until the client leaves
            if case.ended == "reset":
                linger = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


def _read_request(connection: socket.socket) -> None:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    ]
    while len(body) < sum(lengths):
        body += connection.recv(65536)


def outcome(reading: ClientReading, sound: ClientReading) -> str:
    """Return how a reading differs from that of the sound stream, in a few words."""
    if reading.error is not None:
        return f"throws: {_short(reading.error, 70)}"
    found, expected = asdict(reading), asdict(sound)
    if expected["error"] is not None:
        return "the failure is not seen"
    differing = [name for name in expected if found[name] != expected[name]]
    return "; ".join(_difference(name, found[name]) for name in differing) or "fine"


def _difference(name: str, value: Any) -> str:
    if value in (None, "", []):
        return f"no {name}"
    return f"{name} {_short(json.dumps(value, ensure_ascii=False), 60)}"


def _short(text: str, length: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= length else f"{text[: length - 1]}…"
