"""The part of a target that liveness needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamchat_conformance.core.http_request import Body, HttpRequest
    from streamchat_conformance.judges import Reading
    from streamchat_conformance.recorder import Connection, Endpoint, Until
    from streamchat_conformance.recorder.limits import Limits
    from streamchat_conformance.suite.config.settings import Settings
    from streamchat_conformance.suite.target.background import Background
    from streamchat_conformance.suite.target.baseline import Baseline
    from streamchat_conformance.suite.target.bounds import RunBounds
    from streamchat_conformance.suite.target.knowledge import TargetKnowledge
    from streamchat_conformance.suite.verdicts.ledger import Ledger


class LiveTarget(Protocol):
    """What liveness needs of a target: to send to it, and what is known about it."""

    settings: Settings
    bounds: RunBounds
    endpoint: Endpoint
    ledger: Ledger
    background: Background
    known: TargetKnowledge
    slowdown: Callable[[], float]

    @property
    def limits(self) -> Limits:
        """The limits that bound every wait."""

    @property
    def baseline(self) -> Baseline:
        """What a plain request gets."""

    @property
    def serial(self) -> bool:
        """Whether streams wait for each other, rightly or not."""

    def recalling(self, text: str, *, now: str | None = None) -> Body:
        """Return such a request whose earlier turns say `text`; it says `now` if given."""

    def plain(self, text: str | None = None) -> Body:
        """Return the plainest request that is accepted."""

    def encode(self, request: HttpRequest) -> bytes:
        """Return a request's bytes."""

    def connect(self) -> Connection:
        """Open a connection."""

    def send(
        self,
        request: HttpRequest,
        *,
        stop: Until | None,
        label: str,
        observe: bool = True,
        confirm: bool = True,
    ) -> Reading:
        """Send a request on a connection of its own; return the reading of its answer."""

    def pause(self, seconds: float) -> None:
        """Leave the target alone for a while."""
