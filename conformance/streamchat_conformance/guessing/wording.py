"""What was guessed, in words: the dialect, why, how sure it is, and the command that judges it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from streamchat_conformance.dialects.registry import dialect_named
from streamchat_conformance.dialects.sighting import Sighting
from streamchat_conformance.dialects.signatures import Match
from streamchat_conformance.dialects.signs import Grade
from streamchat_conformance.guessing.endpoint_guess import EndpointGuess, Sureness
from streamchat_conformance.suite.target.recognising import (
    DECLARE,
    NOT_JUDGED,
    default_path,
    judging_command,
)

PROGRAM = "streamchat-conformance"
OTHERS = 3
"""How many other families are shown."""
SHOWN_CHARACTERS = 100


@dataclass(frozen=True, slots=True)
class Subject:
    """What was looked at, as the commands that judge it name it."""

    origin: str = ""
    """Scheme and authority of the server; empty for a recording."""
    file: str = ""
    """The recording, or `-`."""
    options: tuple[str, ...] = ()
    """Options of the user's that judging needs, too, such as the model."""
    spoken: frozenset[str] = frozenset()
    """The dialects that were recognised at any of its endpoints."""

    def place(self, guess: EndpointGuess) -> str:
        """Return where an endpoint was seen."""
        return self.origin + guess.sighting.path if self.origin else guess.name

    def judging(self, dialect: str, path: str) -> str:
        """Return the command that judges an endpoint of a dialect at a path."""
        if self.origin:
            return judging_command(dialect, self.origin, path, self.options)
        other = path not in ("", default_path(dialect))
        place = ["--endpoint-path", path] if other else []
        return shlex.join([PROGRAM, "judge", "--dialect", dialect, *place, self.file])


def described(guess: EndpointGuess, subject: Subject) -> Iterator[str]:
    """Yield the lines about one endpoint."""
    yield subject.place(guess)
    if guess.known:
        yield from _known(guess, subject)
    else:
        yield _line("dialect", Sureness.UNKNOWN.value)
        yield from (_line("seen", text) for text in seen_of(guess.sighting))
        if guess.matches:
            yield _line("perhaps", "; ".join(map(_with_reason, guess.matches[:OTHERS])))
        yield _line("judge", f"where its answers are event streams, {DECLARE}")
        yield _line("", subject.judging(_FILE, guess.sighting.path))


_FILE = "FILE.toml"


def _known(guess: EndpointGuess, subject: Subject) -> Iterator[str]:
    best, *others = guess.matches
    signature = best.signature
    name = f"{signature.name} ({signature.title})" if signature.judged else signature.title
    yield _line("dialect", f"{name}: {guess.sureness.value}")
    for number, each in enumerate(sorted(best.evidence, key=lambda each: -each.grade)):
        yield _line("because" if number == 0 else "", each.text)
    if guess.sighting.status and not 200 <= guess.sighting.status < 300:
        yield _line("seen", next(seen_of(guess.sighting)))
    rivals = [other for other in others if other.grade is not Grade.WEAK]
    if rivals:
        yield _line("or", "; ".join(map(_with_reason, rivals[:OTHERS])))
    path = guess.sighting.path
    if signature.judged:
        yield _line("judge", subject.judging(signature.name, path))
        return
    if signature.declaration:
        yield _line("judge", f"{signature.declaration} of the project declares it:")
        yield _line("", subject.judging(PurePosixPath(signature.declaration).name, path))
    elif signature.event_stream:
        yield _line("judge", f"{NOT_JUDGED}; {DECLARE}")
        yield _line("", subject.judging(_FILE, path))
    else:
        yield _line("judge", f"{NOT_JUDGED}: its answers are no event streams")
    if subject.origin and signature.instead and signature.instead not in subject.spoken:
        yield _line("", f"the same server may speak {signature.instead}, too:")
        instead = dialect_named(signature.instead).path
        yield _line("", subject.judging(signature.instead, instead))


def _with_reason(match: Match) -> str:
    best = max(match.evidence, key=lambda each: each.grade)
    return f"{match.signature.title} ({best.text})"


def seen_of(sighting: Sighting) -> Iterator[str]:
    """Yield what an answer looks like that no family is recognised by."""
    head = " ".join(filter(None, [str(sighting.status or ""), sighting.media_type]))
    if head:
        yield f"the answer {head}"
    if sighting.event_names:
        yield f"events named {_some(sighting.event_names)}"
    if sighting.values:
        yield f"JSON objects with the members {_some(list(sighting.values[0]))}"
    elif text := " ".join(" ".join(sighting.lines).split()):
        rest = "…" if len(text) > SHOWN_CHARACTERS else ""
        yield f"it begins with {text[:SHOWN_CHARACTERS]}{rest}"


def _some(names: Sequence[str]) -> str:
    shown = [name if len(name) <= 40 else f"{name[:39]}…" for name in names[:8]]
    return ", ".join(shown) + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def _line(label: str, text: str) -> str:
    return f"  {label:<9} {text}"
