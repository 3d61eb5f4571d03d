"""Servers of Anthropic Messages, each as the official clients read it."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import time
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from streamchat_fixtures.control import ControlServer, ControlSettings
from streamchat_fixtures.control.settings import FAULT_PROMPT, SLOW_PROMPT
from streamchat_fixtures.dialects import steps_of

from .anthropic_readers import COLUMNS
from .client_reading import ClientReading, outcome
from .messages_requests import CALLING, CITIES, THINKING, asking

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamchat_fixtures.variants import Fault, Variant

    from .witnesses import Clients

LIMIT_S: Final = 2.0
SHOWING: Final = 3
"""How many kinds of request are tried that show a fault."""
_SETTINGS: Final = {"interval_s": 0.0, "silence_s": 0.3, "heartbeat_s": 0.1}


def _after(prompt: str, *roles: str) -> dict[str, Any]:
    """Return a request with messages of these roles; a single user's follows an answer."""
    turns = [{"role": role, "content": prompt} for role in roles]
    if len(roles) == 1 and roles[0] == "user":
        turns = [*turns, {"role": "assistant", "content": "Hello."}, *turns]
    return {**asking(""), "messages": turns}


KINDS: Final[dict[str, dict[str, Any]]] = {
    "a plain answer": asking("Say hello."),
    "with tools": asking(CITIES, **CALLING),
    "with thoughts": asking("Say hello.", **THINKING),
    "at the limit of tokens": asking(CITIES, **CALLING, max_tokens=2),
    "a failure": asking(FAULT_PROMPT),
    "a silence": asking(SLOW_PROMPT),
    "not streamed": asking("Say hello.", stream=False),
    "a refusal": asking("Say hello.", max_tokens=-1),
    "a list of blocks": asking([{"type": "text", "text": "Say hello."}]),
    "two blocks": asking([{"type": "text", "text": each} for each in ("Say", "hello.")]),
    "a history": _after("Say it again.", "user"),
    "a long history": _after("Say it again.", *(["user", "assistant"] * 75), "user"),
    "no list": {**asking(""), "messages": "Say hello."},
    "no value": {**asking(""), "messages": None},
    "an unknown role": _after("Say hello.", "narrator"),
}
"""What is asked, by what the answer then shows."""


def serving(variants: Sequence[Variant]) -> ControlServer:
    """Return a control server of the dialect that does not dawdle."""
    settings: dict[str, Any] = {}
    for variant in variants:
        settings |= variant.settings
    return ControlServer(
        variants,
        settings=ControlSettings(**{**_SETTINGS, **settings}),
        steps=steps_of("anthropic"),
    )


def received(url: str, body: dict[str, Any], *, limit_s: float = LIMIT_S) -> bytes:
    """Return the bytes that answer a request, without what differs between servers and times."""
    place = urlsplit(url)
    data = json.dumps(body).encode()
    head = (
        f"POST /v1/messages HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Type: application/json\r\n"
        f"anthropic-version: 2023-06-01\r\nx-api-key: none\r\nConnection: close\r\n"
        f"Content-Length: {len(data)}\r\n\r\n"
    )
    found = b""
    with socket.create_connection((place.hostname or "", place.port or 0), limit_s) as connection:
        connection.sendall(head.encode() + data)
        until_s = time.monotonic() + limit_s
        with contextlib.suppress(OSError):
            while time.monotonic() < until_s and (part := connection.recv(65536)):
                found += part
    return re.sub(rb"(?mi)^date:.*\r\n", b"", found)


@dataclass
class Sound:
    """What the good server sends, and what each client makes of it, by the kind of request."""

    received: dict[str, bytes] = field(default_factory=dict)
    readings: dict[tuple[str, str], ClientReading] = field(default_factory=dict)

    @classmethod
    def of(cls, clients: Clients) -> Sound:
        """Read the good server with every client."""
        sound = cls()
        with serving([]) as server:
            sound.received = {kind: received(server.url, body) for kind, body in KINDS.items()}
            for kind, body in KINDS.items():
                for client in COLUMNS:
                    sound.readings[kind, client] = read(clients, server, client, body)
        return sound


def read(
    clients: Clients, server: ControlServer, client: str, body: dict[str, Any]
) -> ClientReading:
    """Return what a client makes of a server's answer."""
    return clients.read(client, f"{server.url.rstrip('/')}/v1", body)


def outcomes(clients: Clients, sound: Sound, fault: Fault) -> tuple[str, dict[str, str]] | None:
    """Return the kind of request that shows a fault, and what each client makes of the answer.

    Where several show it, it is the first that makes a client stumble. None: no answer differs
    from the good server's.
    """
    with serving([fault]) as server:
        differing = (
            kind
            for kind, body in KINDS.items()
            if received(server.url, body) != sound.received[kind]
        )
        showing = list(islice(differing, SHOWING))
    found: tuple[str, dict[str, str]] | None = None
    with serving([fault]) as server:
        for kind in showing:
            readings = {client: read(clients, server, client, KINDS[kind]) for client in COLUMNS}
            cells = {
                client: outcome(reading, sound.readings[kind, client])
                for client, reading in readings.items()
            }
            if found is None or harmed(cells):
                found = kind, cells
            if harmed(cells):
                break
    return found


def harmed(cells: dict[str, str]) -> bool:
    """Return whether any client stumbles."""
    return any(cell != "fine" for cell in cells.values())
