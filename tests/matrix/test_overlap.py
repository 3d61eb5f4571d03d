"""A run whose cases overlap has the verdict of a run of one case after the other.

By default one faulty server; `STREAMCHAT_MATRIX=all` compares on a sample of faulty and legal ones:
servers that serve few at once, that mix up what is open at once, whose faults come now and then,
and whose faults show in one kind of request alone.
"""

from pathlib import Path

import pytest
from sampling import sampled
from streamchat_fixtures.dialects import DEFAULT, faults_of, legal_of

from . import runner
from .runner import QUICK

SMALL_SAMPLE = ["string-items-refused"]
SAMPLE = [
    *SMALL_SAMPLE,
    "one-stream-at-a-time",
    "eight-streams-at-a-time",
    "latest-prompt-shown-to-all",
    "fourth-event-of-another-stream",
    "words-left-go-to-the-next-client",
    "every-seventh-prompt-in-upper-case",
    "every-seventh-stream-has-no-last-chunk",
    "every-thirtieth-valid-request-fails",
    "busy-after-twenty-closed-streams",
    "eight-slots-used-up-by-a-whole-run",
    "raw-astral-characters-refused",
    "empty-history-fails",
    "astral-characters-in-cesu-8",
    "random-thought-and-length",
    "every-twentieth-answer-says-close",
    "eight-streams-and-503",
    "four-streams-and-503-that-closes",
    "twelve-bodies-and-503",
    "forty-threads",
]
SAMPLES = {
    DEFAULT: SAMPLE,
    "openai": [
        "tool-answers-refused",
        "begin-of-the-stop-sequence-in-the-text",
        "limit-reached-is-stop",
        "choices-share-the-index-0",
        "text-so-far-in-every-chunk",
        "end-of-the-text-before",
        "first-event-after-three-seconds",
        "more-than-two-answers-are-503",
        "other-words-each-time",
    ],
    "anthropic": [
        "every-message-has-the-same-id",
        "one-thinking-delta-in-the-text",
        "text-among-messages-fails",
        "no-deltas-of-text",
        "first-event-after-three-seconds",
        "overloaded-now-and-then",
    ],
}
"""By dialect: also faults of what is asked in overlapping cases, and legal servers that answer
equal requests differently, or have little room."""


@pytest.mark.parametrize(
    ("dialect", "name"),
    [
        (dialect, name)
        for dialect, sample in SAMPLES.items()
        for name in sampled(sample, SMALL_SAMPLE if dialect == DEFAULT else [])
    ],
)
def test_a_run_that_overlaps_says_what_a_serial_one_says(
    dialect: str, name: str, tmp_path: Path
) -> None:
    faults = {fault.name for fault in faults_of(dialect)}
    kind = "fault" if name in faults else "legal"
    variant = (faults_of if name in faults else legal_of)(dialect)[name]
    red = {}
    for options in ((), ("--serial",)):
        folder = tmp_path / "-".join(("run", *options))
        folder.mkdir()
        file = runner.target_file(variant, folder)
        options_of_run = (f"--target-file={file}", *QUICK, *options)
        run = runner.run(kind, name, folder, *options_of_run, dialect=dialect)
        red[options] = (run.exit_code, run.with_outcome("fail"))
    assert red[()] == red[("--serial",)]
