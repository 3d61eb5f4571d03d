"""What the article's client misses is measured by the very bytes that came to it."""

from streamchat_conformance.cases.test_stream import test_the_articles_client_reads_every_event
from streamchat_conformance.suite.line_client import read_lines

from .targets import learnt

read_every_event = test_the_articles_client_reads_every_event
# Collected here it would be a case of the suite, and not a test of it.
del test_the_articles_client_reads_every_event


def test_answers_of_any_length_are_read_whole() -> None:
    with learnt("random-thought-and-length") as target:
        outcomes = [read_lines(target, count=6) for _ in range(6)]
        assert len({outcome.count for outcome in outcomes}) > 1
        assert all(outcome.count == outcome.came >= 1 for outcome in outcomes)
        assert not any(outcome.problem for outcome in outcomes)


def test_a_shorter_answer_than_the_one_before_lacks_nothing() -> None:
    with learnt("random-thought-and-length") as target:
        for _ in range(4):
            read_every_event(target)
