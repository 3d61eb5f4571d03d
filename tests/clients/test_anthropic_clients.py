"""Every official client reads the reference server's Messages without loss."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from .anthropic_readers import COLUMNS
from .conftest import FAULT_PROMPT, MODEL, SLOW_PROMPT
from .messages_requests import CALLING, CITIES, THINKING, asking
from .witnesses import MODULES, Clients, has_node

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..reference.harness import RunningServer
    from .client_reading import ClientReading

# They come with npm; where they are not installed there is nothing to try.
INSTALLED = [MODULES] if has_node() else []
UNICODE = "Repeat: 你好 🌍 e\u0301 \u2028 \0 data: [DONE]\n\nevent: message_stop\n\n"


@pytest.fixture(scope="module", params=INSTALLED, ids=str)
def clients() -> Iterator[Clients]:
    clients = Clients()
    yield clients
    clients.close()


def readings(
    clients: Clients, server: RunningServer, prompt: Any, **members: Any
) -> dict[str, ClientReading]:
    """Return what each client makes of an answer."""
    body = {**asking(prompt, max_tokens=4096), "model": MODEL, **members}
    return {client: clients.read(client, f"{server.url}/v1", body) for client in COLUMNS}


def called(reading: ClientReading) -> list[Any]:
    """Return the calls without their ids, which differ between answers."""
    return [(name, json.loads(arguments or "{}")) for _, name, arguments in reading.calls]


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("prompt", ["Say hello.", UNICODE, SLOW_PROMPT, "\N{GRINNING FACE}" * 100])
def test_every_client_reads_the_same_text_reason_and_usage(
    clients: Clients, server: RunningServer, prompt: str, *, stream: bool
) -> None:
    found = readings(clients, server, prompt, stream=stream)
    assert {each.error for each in found.values()} == {None}
    assert len({each.text for each in found.values()}) == 1
    assert prompt in found["anthropicRaw"].text
    assert {each.finish for each in found.values()} == {"end_turn"}
    assert len({str(each.usage) for each in found.values()}) == 1
    assert found["anthropicRaw"].usage is not None


@pytest.mark.parametrize("stream", [True, False])
def test_every_client_reads_the_same_thoughts(
    clients: Clients, server: RunningServer, *, stream: bool
) -> None:
    found = readings(clients, server, "Say hello.", **THINKING, stream=stream)
    assert {each.error for each in found.values()} == {None}
    assert len({each.reasoning for each in found.values()}) == 1
    assert found["anthropicRaw"].reasoning
    assert found["anthropicRaw"].text


@pytest.mark.parametrize("stream", [True, False])
def test_every_client_reads_the_same_calls(
    clients: Clients, server: RunningServer, *, stream: bool
) -> None:
    found = readings(clients, server, CITIES, **CALLING, stream=stream)
    assert {each.error for each in found.values()} == {None}
    cities = [("get_weather", {"city": city}) for city in ("Paris", "Oslo", "Rome")]
    assert [called(each) for each in found.values()] == [cities] * len(found)
    assert all(len({id_ for id_, *_ in each.calls}) == 3 for each in found.values())
    assert {each.finish for each in found.values()} == {"tool_use"}


def test_results_of_tools_are_taken(clients: Clients, server: RunningServer) -> None:
    call = {"type": "tool_use", "id": "t1", "name": "get_weather", "input": {"city": "Paris"}}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": "sunny"}
    messages = [
        {"role": "user", "content": CITIES},
        {"role": "assistant", "content": [call]},
        {"role": "user", "content": [result]},
    ]
    body = {**asking(""), "model": MODEL, "messages": messages, "tools": CALLING["tools"]}
    for client in [client for client in COLUMNS if client != "anthropicAiSdk"]:
        reading = clients.read(client, f"{server.url}/v1", body)
        assert reading.error is None
        assert reading.text


def test_every_client_sees_the_limit_of_tokens(clients: Clients, server: RunningServer) -> None:
    found = readings(clients, server, "Say hello.", max_tokens=2)
    assert {each.finish for each in found.values()} == {"max_tokens"}


def test_a_stop_sequence_ends_the_answer(clients: Clients, server: RunningServer) -> None:
    found = readings(clients, server, "Say hello.", stop_sequences=["hello"])
    official = [reading for client, reading in found.items() if client != "anthropicAiSdk"]
    assert {each.finish for each in official} == {"stop_sequence"}


def test_every_client_raises_the_failure_in_mid_stream(
    clients: Clients, server: RunningServer
) -> None:
    for client, reading in readings(clients, server, FAULT_PROMPT).items():
        assert "this failure is scripted" in (reading.error or ""), client


@pytest.mark.parametrize("members", [{"max_tokens": -1}, {"messages": []}])
def test_every_client_raises_a_refusal(
    clients: Clients, server: RunningServer, members: dict[str, Any]
) -> None:
    for client, reading in readings(clients, server, "Say hello.", **members).items():
        assert reading.error is not None, client
        assert "Connection" not in reading.error, client
