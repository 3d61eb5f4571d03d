from __future__ import annotations

import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from streamchat_load.client.outcome import StreamOutcome
from streamchat_load.dialects.stream_chat.dialect import StreamChatDialect
from streamchat_load.preflight.learning import has_the_minute, learn_oracle, may_have_a_clock
from streamchat_load.verification.oracle import Oracle
from streamchat_load.verification.stream_verifier import StreamVerifier
from streamchat_load.verification.template import LEARNING_NONCES

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamchat_load.client.reading import StreamReading

DIALECT = StreamChatDialect()
THIRD = "00112233445566ff"


def read(body: bytes, nonce: str) -> StreamReading:
    """Return what a reading of a whole stream looks like."""
    verifier = StreamVerifier(DIALECT.build(nonce), Oracle(), DIALECT, keep_texts=True)
    verifier.receive(body, 0.0)
    verifier.finish(ended=True, cut=False)
    reading: Any = SimpleNamespace(
        verifier=verifier,
        evidence=verifier.evidence,
        outcome=StreamOutcome.FAULTY if verifier.evidence else StreamOutcome.VERIFIED,
        body_bytes=len(body),
    )
    return cast("StreamReading", reading)


def learned(body: Callable[[int, str], bytes]) -> Oracle:
    nonces = (*LEARNING_NONCES, THIRD)
    return learn_oracle([read(body(number, nonce), nonce) for number, nonce in enumerate(nonces)])


def test_other_parts_of_events_may_vary_while_their_content_is_predictable() -> None:
    oracle = learned(
        lambda number, nonce: b"".join(
            b'data: {"id": %d, "response": "%d of %b"}\n\n' % (number, place, nonce.encode())
            for place in range(4)
        )
    )
    assert oracle.by_content
    assert oracle.length == 4
    assert oracle.template is not None
    assert oracle.template.texts(THIRD)[2] == f'{{"response": "2 of {THIRD}"}}'


@pytest.mark.parametrize(("starts", "numbered"), [((1, 1, 1), True), ((1, 5, 9), False)])
def test_ids_number_events_if_every_stream_begins_with_the_same(
    starts: tuple[int, ...], numbered: bool
) -> None:
    oracle = learned(
        lambda number, _: b"".join(
            b'id: %d\ndata: {"response": "%d"}\n\n' % (starts[number] + place, number)
            for place in range(4)
        )
    )
    assert oracle.template is None
    assert oracle.numbered is numbered
    assert oracle.first_number == (1 if numbered else None)


@pytest.mark.parametrize(
    ("said", "may"),
    [
        ("at 09:05:59", True),
        ("at 1764283344", True),
        ("chapter 3, verse 16", False),
        ("日本", False),
    ],
)
def test_a_clock_is_suspected_where_it_may_be(said: str, may: bool) -> None:
    event = f'data: {{"response": "{said}"}}\n\n'.encode()
    assert may_have_a_clock(learned(lambda *_: event), DIALECT) is may


def test_what_only_repeats_the_nonce_is_no_clock() -> None:
    oracle = learned(lambda _, nonce: b'data: {"response": "%b"}\n\n' % nonce.encode())
    assert not may_have_a_clock(oracle, DIALECT)


def test_a_time_of_day_without_seconds_is_distinguished_from_a_fixed_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(time, "time", lambda: 1_764_283_344.0)
    minute = time.strftime("%M", time.gmtime(time.time()))
    now = learned(lambda *_: f'data: {{"response": "7:{minute} pm"}}\n\n'.encode())
    fixed = learned(lambda *_: b'data: {"response": "lunch is at 12:%02d"}\n\n' % (int(minute) - 9))
    seconds = learned(lambda *_: f'data: {{"response": "7:{minute}:01"}}\n\n'.encode())
    assert has_the_minute(now, DIALECT)
    assert not has_the_minute(fixed, DIALECT)
    assert not has_the_minute(seconds, DIALECT)
