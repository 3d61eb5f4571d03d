"""The lack of a connection, as an outcome of a case."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from streamchat_conformance.recorder.errors import ConnectError
from streamchat_conformance.suite.verdicts.outcomes import NotTestable


@contextmanager
def testable() -> Iterator[None]:
    """Raise NotTestable where the block raises ConnectError."""
    try:
        yield
    except ConnectError as error:
        raise NotTestable(error.message, error.hint) from None
