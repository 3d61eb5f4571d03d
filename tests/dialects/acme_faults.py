"""Servers of the second dialect that break its own requirements, one each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from acme_steps import AcmeSteps
from streamchat_fixtures.variants import Fault, Registry, fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamchat_fixtures.control import Chat, Turn
    from streamchat_fixtures.control.step_types import Blocks, CheckMembers, Members

FAULTS: Final[Registry[Fault]] = Registry()


@fault(AcmeSteps.check_members, "acme.ask", into=FAULTS)
def null_taken_for_an_empty_text(before: CheckMembers, turn: Turn, members: Members) -> Chat:
    """Takes null for an empty text."""
    null = "ask" in members and members["ask"] is None
    return before(turn, {**members, "ask": ""} if null else members)


@fault(AcmeSteps.closing, "acme.done", into=FAULTS)
def stream_without_its_last_mark(before: Blocks, turn: Turn) -> Iterator[bytes]:
    """Ends each stream without [END]."""
    yield next(iter(before(turn)))


@fault(AcmeSteps.closing, "acme.count", into=FAULTS)
def one_token_too_many(before: Blocks, turn: Turn) -> Iterator[bytes]:
    """Counts one token more than it sent."""
    turn.blocks_sent += 1
    yield from before(turn)
