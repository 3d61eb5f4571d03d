"""Detection: the requests that show which capabilities of its dialect a target has."""

from __future__ import annotations

from collections.abc import Collection

from streamchat_conformance.catalogue import FINITE, Capability
from streamchat_conformance.core.http_request import Body, HttpRequest
from streamchat_conformance.judges import Reading
from streamchat_conformance.suite.target.stop_conditions import Watched
from streamchat_conformance.suite.target.target import Target


class TargetSurvey:
    """A target, as the detectors of a dialect ask it."""

    def __init__(self, target: Target) -> None:
        self._target = target

    @property
    def plain(self) -> Body:
        """The plainest request that the target accepts."""
        return self._target.plain()

    def ask(self, request: HttpRequest, *, label: str) -> Reading:
        """Send a request and read its answer to the end, within the run's limits."""
        return self._send(self._target.encode(request), label)

    def ask_anonymously(self, request: HttpRequest, *, label: str) -> Reading:
        """Send a request without the user's own header fields."""
        endpoint = self._target.endpoint
        data = request.encode(
            authority=endpoint.authority, path=endpoint.path, extra=self._target.dialect.fields
        )
        return self._send(data, label)

    def _send(self, data: bytes, label: str) -> Reading:
        target = self._target
        watched = Watched(target.settings.observation_s)
        reading = target.send(data, stop=watched, label=label)
        # The first stream was left soon: an answer may well take longer to its end.
        denied = target.known.capabilities.declared(FINITE) is False
        if reading.is_stream and reading.events and reading.response.complete and not denied:
            target.baseline.finite = True
        return reading


def detect(target: Target, needed: Collection[Capability]) -> None:
    """Find out which of the capabilities that are needed a target has.

    Where plain requests bring no stream there is nothing to see them in.
    """
    survey = TargetSurvey(target)
    for capability, detector in target.dialect.capabilities.items():
        if detector is None or capability not in needed:
            continue
        if target.known.capabilities.declared(capability) is None and target.baseline.streams:
            target.known.capabilities.note(capability, detector(survey))
