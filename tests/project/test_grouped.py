"""Cases that are checked in groups are all checked, and those that fail are named."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.guard

FILE = """
import pytest
from grouped import each_of

@each_of(["a.one", "a.two", "a.three", "b.one"])
@pytest.mark.usefixtures("tmp_path")
def test_no_name_has_the_letter(case):
    assert "t" not in case
"""


def test_every_case_that_fails_is_named_and_no_other(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(FILE)
    done = pytester.runpytest("-p", "no:streamchat_conformance", "-v")
    done.assert_outcomes(passed=1, failed=1)
    done.stdout.fnmatch_lines(
        [
            "*test_no_name_has_the_letter?a? FAILED*",
            "*test_no_name_has_the_letter?b? PASSED*",
            "*2 of 3 fail: a.two, a.three*",
            "a.two: Traceback*",
            "a.three: Traceback*",
        ]
    )
