"""Independent event-stream readers, fed as their own users feed them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import sseclient
from httpx_sse import EventSource

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class _Body(httpx.SyncByteStream):
    def __init__(self, reads: Sequence[bytes]) -> None:
        self._reads = reads

    def __iter__(self) -> Iterator[bytes]:
        yield from self._reads


def read_with_httpx_sse(reads: Sequence[bytes]) -> list[tuple[str, str, str]]:
    """Return type, data and last event ID of what httpx-sse yields."""
    response = httpx.Response(
        200, headers={"Content-Type": "text/event-stream"}, stream=_Body(reads)
    )
    return [(event.event, event.data, event.id) for event in EventSource(response).iter_sse()]


def read_with_sseclient(reads: Sequence[bytes]) -> list[tuple[str, str, str | None]]:
    """Return type, data and own id (None without one) of what sseclient-py yields."""
    client = sseclient.SSEClient(iter(reads))
    return [(event.event, event.data, event.id) for event in client.events()]
