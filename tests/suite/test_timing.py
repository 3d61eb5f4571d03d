"""How the pieces of a stream in a coding that is not read here are spread over its time."""

import pytest
from streamchat_conformance.core.exchange import Ending, Exchange, Read
from streamchat_conformance.judges import Reading
from streamchat_conformance.suite.scenarios.timing import Burst, coded_burst_of

from .exchanges import chat, exchange

HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: br\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)


def coded(*pieces: tuple[float, bytes]) -> Reading:
    """Return a stream in br, its pieces with the times at which they came."""
    reads = [Read(at_s, b"%x\r\n%b\r\n" % (len(data), data)) for at_s, data in pieces]
    last_s = pieces[-1][0]
    return Reading(
        Exchange(
            request=exchange(chat()).request,
            reads=(Read(0.01, HEAD), *reads, Read(last_s, b"0\r\n\r\n")),
            ending=Ending.COMPLETE,
            ended_at_s=last_s,
        )
    )


def burst(*pieces: tuple[float, bytes]) -> Burst:
    found = coded_burst_of(coded(*pieces))
    assert found is not None
    return found


def test_what_comes_as_it_is_made_is_no_burst() -> None:
    assert not burst(*[(0.3 * number, b"\x5b" * 40) for number in range(6)]).at_end


@pytest.mark.parametrize("preamble", [b"", b"\x1b" * 10])
def test_what_comes_together_at_the_end_is_a_burst(preamble: bytes) -> None:
    pieces = [(0.02, preamble)] if preamble else []
    assert burst(*pieces, (2.0, b"\x5b" * 300), (2.001, b"\x5b" * 300)).at_end


def test_what_is_over_at_once_shows_nothing() -> None:
    assert coded_burst_of(coded((0.1, b"\x5b" * 300))) is None


def test_what_never_came_shows_nothing() -> None:
    assert coded_burst_of(coded((2.0, b"\x5b" * 4))) is None
