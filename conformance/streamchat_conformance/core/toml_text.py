"""Reading of TOML that a user wrote: every mistake is one error with its place."""

from __future__ import annotations

import re
import tomllib
from typing import Any

_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


class NotTomlError(ValueError):
    """A text is not TOML, or is more than is read; the message is one line with the place."""

    def __init__(self, message: str, text: str = "") -> None:
        super().__init__(message)
        place = _PLACE.search(message)
        at_end = place is not None and place[1] is None
        self.reason = message[: place.start()] if place is not None else message
        """What is wrong, without the place."""
        self.line = int(place[1]) if place is not None and place[1] else 1
        """The line (from 1): of a document that stops too early, its last one."""
        if at_end:
            self.line = max(1, len(text.splitlines()))
        self.column = int(place[2]) if place is not None and place[2] else None
        """The column (from 1); None where only the line is known."""


def read_toml(text: str) -> dict[str, Any]:
    """Return the document that a text is. Raises NotTomlError."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise NotTomlError(str(error), text) from None
    except RecursionError:
        raise NotTomlError("it is nested too deeply") from None
    except ValueError as error:
        # A number of thousands of digits, which Python does not convert.
        raise NotTomlError(f"a value cannot be read: {str(error).partition(';')[0]}") from None
