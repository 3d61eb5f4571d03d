from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable

import pytest
from streamchat_conformance.core.exchange import Ending
from streamchat_conformance.recorder import (
    ConnectError,
    ConnectErrorKind,
    Endpoint,
    Limits,
    Observation,
    Plan,
    record_timeline,
    record_together,
    until,
)

Handler = Callable[[socket.socket, threading.Event], None]
Serve = Callable[[Handler], Endpoint]

REQUEST = b"POST / HTTP/1.1\r\nHost: h\r\n\r\n"
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
EVENT = b"data: {}\n\n"
REFUSAL = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\n{}"


def endless(peer: socket.socket, halt: threading.Event) -> None:
    peer.recv(65_536)
    peer.sendall(STREAM)
    while not halt.wait(0.005):
        peer.sendall(EVENT)


def refuse(peer: socket.socket, halt: threading.Event) -> None:
    peer.recv(65_536)
    peer.sendall(REFUSAL)
    halt.wait(10)


def say_nothing(_peer: socket.socket, halt: threading.Event) -> None:
    halt.wait(10)


@pytest.fixture
def dead_end(held_port: Callable[..., int]) -> Endpoint:
    """An endpoint where nothing listens."""
    return Endpoint.from_url(f"http://127.0.0.1:{held_port()}")


def test_sixteen_streams_progress_together(serve_either: Serve, limits: Limits) -> None:
    # No stream sends an event before all sixteen requests have come.
    together = threading.Barrier(16)

    def stream(peer: socket.socket, halt: threading.Event) -> None:
        peer.recv(65_536)
        together.wait(10)
        peer.sendall(STREAM)
        while not halt.wait(0.005):
            peer.sendall(EVENT)

    plan = Plan(endpoint=serve_either(stream), request=REQUEST, until=until.events(3))
    exchanges = record_together([plan] * 16, limits)
    assert [exchange.ending for exchange in exchanges] == [Ending.ABANDONED] * 16
    assert all(exchange.received.count(EVENT) >= 3 for exchange in exchanges)
    assert len({exchange.connection for exchange in exchanges}) == 16


def test_exchanges_come_in_the_order_of_their_plans(serve: Serve, limits: Limits) -> None:
    streaming, refusing = serve(endless), serve(refuse)
    plans = [
        Plan(endpoint=streaming, request=REQUEST, until=until.events(5), label="stream"),
        Plan(endpoint=refusing, request=REQUEST, until=until.complete(), label="refusal"),
    ]
    stream, refusal = record_together(plans, limits)
    assert (stream.label, stream.ending) == ("stream", Ending.ABANDONED)
    assert (refusal.label, refusal.ending) == ("refusal", Ending.COMPLETE)
    assert refusal.received == REFUSAL


def test_a_plan_starts_at_its_time(serve: Serve, limits: Limits) -> None:
    endpoint = serve(refuse)
    plans = [
        Plan(endpoint=endpoint, request=REQUEST, until=until.complete(), start_after_s=start_s)
        for start_s in (0.2, 0.0)
    ]
    exchanges, zeros_s = record_timeline(plans, limits)
    assert [exchange.ending for exchange in exchanges] == [Ending.COMPLETE] * 2
    assert zeros_s[0] >= 0.2
    assert zeros_s[1] >= 0
    # Each exchange's own zero is its first request byte, not the common beginning.
    assert exchanges[0].sent_at_s < zeros_s[0]


def test_a_client_that_does_not_read_does_not_stop_the_others(
    serve_either: Serve, limits: Limits
) -> None:
    def flood(peer: socket.socket, halt: threading.Event) -> None:
        peer.recv(65_536)
        peer.sendall(STREAM)
        while not halt.wait(0.005):
            peer.sendall(EVENT * 1000)

    endpoint = serve_either(flood)
    slow = Plan(
        endpoint=endpoint,
        request=REQUEST,
        until=until.elapsed(0.5),
        receive_buffer_bytes=4096,
        reading=False,
    )
    quick = Plan(endpoint=endpoint, request=REQUEST, until=until.events(2000))
    first, second, third = record_together([slow, quick, slow], limits)
    assert second.ending is Ending.ABANDONED
    assert second.received.count(EVENT) >= 2000
    for exchange in (first, third):
        assert (exchange.ending, exchange.reads) == (Ending.ABANDONED, ())
        assert exchange.sent_bytes is None
        assert exchange.ended_at_s >= 0.5


@pytest.mark.parametrize(("rst", "ending"), [(False, Ending.CLOSED), (True, Ending.RESET)])
def test_a_client_that_does_not_read_sees_the_end(
    serve: Serve, limits: Limits, *, rst: bool, ending: Ending
) -> None:
    def stream(peer: socket.socket, _halt: threading.Event) -> None:
        peer.recv(65_536)
        peer.sendall(STREAM + EVENT)
        if rst:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    plan = Plan(endpoint=serve(stream), request=REQUEST, until=until.elapsed(5), reading=False)
    (exchange,) = record_together([plan], limits)
    assert exchange.ending is ending
    assert exchange.ended_at_s < 5


def test_a_connection_that_is_refused_is_an_exchange_with_a_note(
    serve: Serve, limits: Limits, dead_end: Endpoint
) -> None:
    plans = [
        Plan(endpoint=endpoint, request=REQUEST, until=until.complete())
        for endpoint in (dead_end, serve(refuse))
    ]
    refused, served = record_together(plans, limits)
    assert served.ending is Ending.COMPLETE
    assert (refused.ending, refused.sent_bytes, refused.reads) == (Ending.RESET, 0, ())
    assert refused.notes[0].startswith("not connected: nothing listens at port ")


def test_a_handshake_that_hangs_is_an_exchange_that_timed_out(serve: Serve) -> None:
    url = serve(say_nothing).url.replace("http:", "https:")
    plan = Plan(
        endpoint=Endpoint.from_url(url, insecure=True), request=REQUEST, until=until.complete()
    )
    (exchange,) = record_together([plan], Limits(connect_s=0.2))
    assert (exchange.ending, exchange.limit) == (Ending.TIMED_OUT, "connect_s=0.2")


def test_each_plan_is_bound_by_the_limits(serve: Serve) -> None:
    plans = [
        Plan(endpoint=serve(handler), request=REQUEST, until=until.complete())
        for handler in (say_nothing, endless)
    ]
    silent, streaming = record_together(plans, Limits(head_s=0.2, total_s=0.4))
    assert (silent.ending, silent.limit) == (Ending.TIMED_OUT, "head_s=0.2")
    assert (streaming.ending, streaming.limit) == (Ending.TIMED_OUT, "total_s=0.4")


def test_a_request_can_be_sent_slowly(serve: Serve, limits: Limits) -> None:
    plan = Plan(
        endpoint=serve(refuse),
        request=REQUEST,
        until=until.complete(),
        pieces=[REQUEST[:5], REQUEST[5:]],
        pause_s=0.2,
    )
    (exchange,) = record_together([plan], limits)
    assert (exchange.ending, exchange.sent_bytes) == (Ending.COMPLETE, None)
    assert exchange.sent_at_s >= 0.2


@pytest.mark.parametrize("reset", [False, True])
def test_an_abandoned_stream_is_closed_whole(serve: Serve, limits: Limits, *, reset: bool) -> None:
    seen: list[str] = []
    over = threading.Event()

    def stream(peer: socket.socket, halt: threading.Event) -> None:
        peer.recv(65_536)
        peer.sendall(STREAM + EVENT)
        try:
            seen.append("close" if peer.recv(65_536) == b"" else "bytes")
            while not halt.wait(0.005):
                peer.sendall(EVENT)
        except ConnectionResetError:
            seen.append("reset")
        except BrokenPipeError:
            seen.append("no more writes")
        over.set()

    plan = Plan(endpoint=serve(stream), request=REQUEST, until=until.events(1), reset=reset)
    record_together([plan], limits)
    assert over.wait(5)
    if reset:
        assert seen == ["reset"]
    else:
        # A half-close would let the server write on without end.
        assert seen[0] == "close"
        assert seen[1] in ("reset", "no more writes")


def test_an_unknown_host_is_an_error_before_anything_is_sent(limits: Limits) -> None:
    plan = Plan(
        endpoint=Endpoint.from_url("http://no-such-host.invalid"),
        request=REQUEST,
        until=until.complete(),
    )
    with pytest.raises(ConnectError, match="has no address"):
        record_together([plan], limits)


def test_no_plans_are_no_exchanges(limits: Limits) -> None:
    assert record_together([], limits) == []


# Observations.


def test_an_observation_runs_along_with_other_work(serve_either: Serve, limits: Limits) -> None:
    release = threading.Event()

    def answer_when_asked(peer: socket.socket, halt: threading.Event) -> None:
        peer.recv(65_536)
        release.wait(10)
        peer.sendall(REFUSAL)
        halt.wait(10)

    observation = Observation.start(
        serve_either(answer_when_asked), REQUEST, until.complete(), limits, label="observed"
    )
    assert not observation.done
    with pytest.raises(TimeoutError, match=r"still goes on after 0\.05 s"):
        observation.result(0.05)
    release.set()
    exchange = observation.result(5)
    assert observation.done
    assert (exchange.ending, exchange.received) == (Ending.COMPLETE, REFUSAL)
    assert exchange.label == "observed"
    observation.cancel()
    assert observation.result(0) is exchange


def test_a_cancelled_observation_keeps_what_was_recorded(serve: Serve, limits: Limits) -> None:
    started = threading.Event()

    def noted(_progress: object) -> bool:
        started.set()
        return False

    observation = Observation.start(serve(endless), REQUEST, noted, limits)
    assert started.wait(5)
    observation.cancel()
    observation.cancel()
    exchange = observation.result(5)
    assert exchange.ending is Ending.ABANDONED
    assert "the observation was cancelled" in exchange.notes


def test_an_observation_cancelled_while_connecting_has_no_exchange(serve: Serve) -> None:
    url = serve(say_nothing).url.replace("http:", "https:")
    endpoint = Endpoint.from_url(url, insecure=True)
    observation = Observation.start(endpoint, REQUEST, until.complete(), Limits())
    observation.cancel()
    with pytest.raises(ConnectError, match="cancelled"):
        observation.result(5)


def test_what_goes_wrong_in_an_observation_is_reported_to_whoever_asks(
    limits: Limits, dead_end: Endpoint
) -> None:
    observation = Observation.start(dead_end, REQUEST, until.complete(), limits)
    with pytest.raises(ConnectError) as caught:
        observation.result(5)
    assert caught.value.kind is ConnectErrorKind.REFUSED


def test_a_faulty_condition_is_reported_to_whoever_asks(serve: Serve, limits: Limits) -> None:
    def faulty(_progress: object) -> bool:
        raise KeyError("faulty")

    observation = Observation.start(serve(endless), REQUEST, faulty, limits)
    with pytest.raises(KeyError, match="faulty"):
        observation.result(5)


def test_an_observation_leaves_no_thread_behind(serve: Serve) -> None:
    before = set(threading.enumerate())
    observation = Observation.start(serve(endless), REQUEST, until.complete(), Limits(total_s=0.2))
    exchange = observation.result(5)
    assert (exchange.ending, exchange.limit) == (Ending.TIMED_OUT, "total_s=0.2")
    for thread in set(threading.enumerate()) - before:
        if thread.name.startswith("observation"):
            assert thread.daemon
            thread.join(5)
            assert not thread.is_alive()
