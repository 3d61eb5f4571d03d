"""What is guessed of one endpoint, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from streamchat_conformance.dialects.sighting import Sighting
from streamchat_conformance.dialects.signatures import Match, joined, matches
from streamchat_conformance.dialects.signs import Grade


class Sureness(Enum):
    """How sure a guess is."""

    SURE = "sure"
    """It writes what only this family writes, and nothing that only another one writes."""
    LIKELY = "likely"
    """More speaks for this family than for any other."""
    UNSURE = "unsure"
    """As much speaks for another one."""
    UNKNOWN = "not recognised"
    """Nothing speaks for a family but what many write."""


@dataclass(frozen=True, slots=True)
class EndpointGuess:
    """What was seen of one endpoint, and the families that it may be of."""

    sighting: Sighting
    matches: tuple[Match, ...]
    """The most likely one first."""
    name: str = ""
    """Which recording it is, for people."""

    @property
    def sureness(self) -> Sureness:
        """How sure the first match is."""
        if not self.matches or self.matches[0].grade is Grade.WEAK:
            return Sureness.UNKNOWN
        best, *others = self.matches
        if best.grade is Grade.SURE and not any(each.grade is Grade.SURE for each in others):
            return Sureness.SURE
        if not others or others[0].weight < best.weight:
            return Sureness.LIKELY
        return Sureness.UNSURE

    @property
    def known(self) -> bool:
        """Whether a family was recognised."""
        return self.sureness is not Sureness.UNKNOWN


def guess(sightings: Sequence[Sighting], name: str = "") -> EndpointGuess:
    """Return what is guessed of an endpoint by all that was seen of it.

    Where an answer shows a family for sure, refusals have no say: what stands in front of an
    endpoint may refuse in another family's form.
    """
    answers = [each for each in sightings if 200 <= each.status < 300]
    # A plain request, which gets a stream, comes after the one that only shows the path.
    for answer in reversed(answers):
        found = EndpointGuess(answer, tuple(matches(answer)), name)
        if found.matches and found.matches[0].grade is Grade.SURE:
            return found
    together = joined(match for each in sightings for match in matches(each))
    return EndpointGuess((answers or sightings)[-1], tuple(together), name)
