"""The clients for Node read the streams of the reference server as openai-python does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .conftest import FAULT_PROMPT, MODEL, SLOW_PROMPT
from .openai_readers import COLUMNS
from .test_openai_python import CITIES, UNICODE, WEATHER
from .witnesses import MODULES, Clients, has_node

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..reference.harness import RunningServer
    from .client_reading import ClientReading

# They come with npm; where they are not installed there is nothing to try.
INSTALLED = [MODULES] if has_node() else []
STREAMED = {"stream": True, "stream_options": {"include_usage": True}}


@pytest.fixture(scope="module", params=INSTALLED, ids=str)
def clients() -> Iterator[Clients]:
    clients = Clients()
    yield clients
    clients.close()


def readings(
    clients: Clients, server: RunningServer, prompt: str, **options: Any
) -> dict[str, ClientReading]:
    """Return what each client makes of an answer."""
    messages = [{"role": "user", "content": prompt}]
    body = {"model": MODEL, "messages": messages, **STREAMED, **options}
    return {client: clients.read(client, f"{server.url}/v1", body) for client in COLUMNS}


@pytest.mark.parametrize("prompt", ["Say hello.", UNICODE, SLOW_PROMPT])
def test_every_client_reads_the_same_text_reasoning_finish_and_usage(
    clients: Clients, server: RunningServer, prompt: str
) -> None:
    found = readings(clients, server, prompt)
    said = {(each.text, each.finish, str(each.usage)) for each in found.values()}
    assert len(said) == 1
    # It keeps the last piece alone of a member that it does not know.
    del found["openaiHelper"]
    assert len({each.reasoning for each in found.values()}) == 1
    assert found["openaiRaw"].reasoning
    assert prompt in found["openaiRaw"].text
    assert found["openaiRaw"].usage is not None
    assert [each.error for each in found.values()] == [None] * len(found)


def test_every_client_reads_the_same_calls(clients: Clients, server: RunningServer) -> None:
    found = readings(clients, server, CITIES, tools=[WEATHER])
    calls = {str([call[1:] for call in each.calls]) for each in found.values()}
    assert len(calls) == 1
    assert len(found["openaiRaw"].calls) == 3
    assert {each.finish for each in found.values()} == {"tool_calls"}


def test_every_client_raises_the_failure_in_mid_stream(
    clients: Clients, server: RunningServer
) -> None:
    for client, reading in readings(clients, server, FAULT_PROMPT).items():
        assert "this failure is scripted" in (reading.error or ""), client
