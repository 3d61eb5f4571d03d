"""A run whose cases overlap has the verdict of a run of one case after the other.

By default one faulty server; `STREAMCHAT_MATRIX=all` compares on a sample of faulty and legal ones:
servers that serve few at once, that mix up what is open at once, whose faults come now and then,
and whose faults show in one kind of request alone.
"""

from pathlib import Path

import pytest
from sampling import sampled
from streamchat_fixtures.faults import FAULTS
from streamchat_fixtures.legal import LEGAL

from . import runner
from .test_matrix import QUICK

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


@pytest.mark.parametrize("name", sampled(SAMPLE, SMALL_SAMPLE))
def test_a_run_that_overlaps_says_what_a_serial_one_says(name: str, tmp_path: Path) -> None:
    kind = "fault" if name in FAULTS else "legal"
    variant = FAULTS[name] if name in FAULTS else LEGAL[name]
    red = {}
    for options in ((), ("--serial",)):
        folder = tmp_path / "-".join(("run", *options))
        folder.mkdir()
        file = runner.target_file(variant, folder)
        run = runner.run(kind, name, folder, f"--target-file={file}", *QUICK, *options)
        red[options] = (run.exit_code, run.with_outcome("fail"))
    assert red[()] == red[("--serial",)]
