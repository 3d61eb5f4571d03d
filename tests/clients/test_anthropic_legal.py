"""Every official client reads the streams of each legal server of Messages without loss."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from streamchat_conformance.core.exchange import Ending, Exchange, Read
from streamchat_conformance.dialects.registry import dialect_named
from streamchat_conformance.judges import Reading
from streamchat_fixtures.dialects import legal_of

from .anthropic_readers import COLUMNS
from .messages_losses import LOSSES
from .messages_requests import CALLING, CITIES, THINKING, asking
from .messages_servers import received, serving
from .test_anthropic_clients import clients

if TYPE_CHECKING:
    from streamchat_fixtures.variants import Legal

    from .client_reading import ClientReading
    from .witnesses import Clients

__all__ = ["clients"]

LEGAL = [legal for legal in legal_of("anthropic") if "finite" not in legal.lacks]
"""Those whose streams end."""

REQUESTS = {
    "plain": asking("Say hello."),
    "tools": asking(CITIES, **CALLING),
    "thinking": asking("Say hello.", **THINKING),
}


def text_of(received: bytes) -> str | None:
    """Return the text that the suite reads in a stream; None where none came."""
    exchange = Exchange(request=b"", reads=(Read(0.0, received),), ending=Ending.CLOSED)
    reading = Reading(exchange, dialect=dialect_named("anthropic"))
    if not reading.is_stream:
        return None
    return "".join(piece.text for piece in reading.content.pieces)


@pytest.mark.parametrize("legal", LEGAL, ids=lambda legal: legal.name)
def test_no_client_loses_anything_but_what_is_listed(clients: Clients, legal: Legal) -> None:
    losing: set[str] = set()
    with serving([legal]) as server:
        for body in REQUESTS.values():
            texts = {text_of(received(server.url, body, limit_s=10.0)) for _ in range(2)}
            if len(texts) > 1 or None in texts:
                continue  # It refuses such a request, or says what it likes.
            found = {
                client: clients.read(client, f"{server.url.rstrip('/')}/v1", body)
                for client in COLUMNS
            }
            whole = [
                client
                for client, each in found.items()
                if each.error is None and {each.text} == texts
            ]
            most = Counter(said(found[client]) for client in whole).most_common(1)[0][0]
            losing |= {client for client in COLUMNS if client not in whole}
            losing |= {client for client in whole if said(found[client]) != most}
    expected, _ = LOSSES.get(legal.name, (set(), ""))
    assert losing == expected


def said(reading: ClientReading) -> str:
    """Return what all clients have to read alike, apart from the text."""
    calls = [(id_, name, json.loads(given or "{}")) for id_, name, given in reading.calls]
    return json.dumps([reading.finish, reading.reasoning, reading.usage, calls])
