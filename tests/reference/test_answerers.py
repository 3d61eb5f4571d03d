from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamchat_reference.answerers.echo import PLACEHOLDER, EchoAnswerer
from streamchat_reference.answerers.interface import AnswererError, Pause, Question
from streamchat_reference.answerers.loaded import UnknownAnswererError, load_answerer
from streamchat_reference.answerers.scripted import ScriptedAnswerer
from streamchat_reference.answerers.typewriter import PIECE_CHARACTERS, TypewriterAnswerer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamchat_reference.answerers.interface import Step

PROMPTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


def pieces(steps: object) -> list[str]:
    return [step for step in steps if not isinstance(step, Pause)]  # type: ignore[attr-defined]  # an iterable


def test_the_echo_ends_after_a_number_of_events() -> None:
    assert pieces(EchoAnswerer(events=3, interval_s=0).generate(Question("p"))) == [PLACEHOLDER] * 3


class Clock:
    """A clock that stands still until it is set."""

    now_s = 0.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the echo answerer."""
    clock = Clock()
    monkeypatch.setattr("streamchat_reference.answerers.echo.time", clock)
    return clock


@pytest.mark.usefixtures("clock")
def test_the_echo_is_endless_and_once_a_second_by_default() -> None:
    steps = list(islice(EchoAnswerer().generate(Question("p")), 9))
    assert len(pieces(steps)) == 5
    # Nothing waited here, so each event is due one interval later than the one before.
    assert [step.seconds for step in steps if isinstance(step, Pause)] == [1, 2, 3, 4]


def test_the_echos_lateness_never_adds_up(clock: Clock) -> None:
    steps = EchoAnswerer(events=2, interval_s=0.2).generate(Question("p"))
    assert next(steps) == PLACEHOLDER
    clock.now_s = 0.15
    pause = next(steps)
    assert isinstance(pause, Pause)
    assert pause.seconds == pytest.approx(0.05)


@given(PROMPTS, st.integers())
def test_the_typewriter_types_the_same_reply_for_the_same_seed(prompt: str, seed: int) -> None:
    answerer = TypewriterAnswerer(seed=seed)
    first, second = (list(answerer.generate(Question(prompt))) for _ in range(2))
    assert first == second
    assert all(1 <= len(piece) <= PIECE_CHARACTERS for piece in pieces(first))


@given(PROMPTS, st.integers(), st.integers())
def test_the_typewriters_seed_changes_the_pieces_and_not_the_text(
    prompt: str, one: int, other: int
) -> None:
    texts = {
        "".join(pieces(TypewriterAnswerer(seed=s).generate(Question(prompt)))) for s in (one, other)
    }
    assert len(texts) == 1
    assert prompt[:200] in texts.pop()


def test_the_typewriters_pace_is_uneven_around_its_interval() -> None:
    steps = TypewriterAnswerer(interval_s=2.0).generate(Question("p"))
    pauses = [step.seconds for step in steps if isinstance(step, Pause)]
    assert all(1.0 <= pause <= 3.0 for pause in pauses)
    assert len(set(pauses)) == len(pauses)


def test_a_callable_is_found_by_its_name() -> None:
    answerer = load_answerer("itertools:repeat")
    assert answerer.blocking
    with pytest.raises(UnknownAnswererError, match="has no callable 'nothing'"):
        load_answerer("itertools:nothing")
    with pytest.raises(UnknownAnswererError, match="cannot import 'no_such'"):
        load_answerer("no_such:x")


class Counting:
    blocking: ClassVar[bool] = True
    echoes_request: ClassVar[bool] = True

    certain: ClassVar[bool] = False
    calls_tools: ClassVar[bool] = False

    def generate(self, question: Question) -> Iterator[str | Pause]:  # noqa: ARG002 - the interface
        yield "one"
        yield Pause(1)
        yield "two"


def test_a_scripted_prompt_is_late_or_fails_and_others_are_not() -> None:
    answerer = ScriptedAnswerer(Counting(), "slow", 7.0, "fault", 1)
    assert list(answerer.generate(Question("other"))) == ["one", Pause(1), "two"]
    assert list(answerer.generate(Question("slow"))) == [Pause(7.0), "one", Pause(1), "two"]
    steps = iter(answerer.generate(Question("fault")))
    assert next(steps) == "one"
    with pytest.raises(AnswererError, match="scripted"):
        next(steps)
    assert (answerer.blocking, answerer.echoes_request) == (True, True)


@pytest.mark.parametrize("after", [0, 2, 9])
def test_a_scripted_fault_comes_even_before_the_first_piece_and_after_the_last(after: int) -> None:
    answerer = ScriptedAnswerer(Counting(), fault_prompt="fault", fault_after=after)
    given: list[str] = []
    with pytest.raises(AnswererError):
        given.extend(pieces(_collecting(answerer, given)))
    assert len(given) == min(after, 2)


def _collecting(answerer: ScriptedAnswerer, given: list[str]) -> Iterator[Step]:
    for step in answerer.generate(Question("fault")):
        given.extend(pieces([step]))
        yield step
