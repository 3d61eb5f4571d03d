"""The expected outcome of a request."""

from __future__ import annotations

from enum import StrEnum


class Expectation(StrEnum):
    """The expected outcome of a request."""

    ACCEPT = "accept"
    """200 and an event stream."""
    REFUSE = "refuse"
    """A 400 with a JSON error."""
    EITHER = "either"
    """Accepted or refused are both right; a 5xx, a hang or a broken stream is not."""
    UNJUDGED = "unjudged"
    """Not an ordinary POST to the endpoint: other requirements look at it, or none."""
