"""What is known beforehand of the streams that answer requests of one shape."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Self

from streamchat_load.foretold import ForetoldBody
from streamchat_load.template import EventTemplate, StreamTemplate


@dataclass(frozen=True, slots=True)
class Oracle:
    """What streams of one shape have in common, as far as it was seen."""

    template: StreamTemplate | None = None
    """The texts of the events."""
    foretold: ForetoldBody | None = None
    """Every byte of the body."""
    length: int | None = None
    """Events of a stream that ends by itself, when all that were seen agree; else None."""
    body_bytes: int | None = None
    """Bytes of its body, when all that were seen agree; else None."""
    echo: bool = False
    """Events repeat the request."""
    numbered: bool = False
    """Each event's id is the number after the last one's."""
    read_events: int | None = None
    """For an endless stream: how many events are read before the client closes it."""

    def dump(self) -> dict[str, Any]:
        """Return a form that JSON and msgpack can carry, and `load` reads back."""
        dumped = asdict(self)
        if self.template is not None:
            dumped["template"] = [event.dump() for event in self.template.events]
        if self.foretold is not None:
            dumped["foretold"] = [self.foretold.template.dump(), list(self.foretold.ends)]
        return dumped

    @classmethod
    def load(cls, dumped: dict[str, Any]) -> Self:
        """Restore an oracle from `dump`'s form."""
        restored = dict(dumped)
        if dumped["template"] is not None:
            restored["template"] = StreamTemplate(
                tuple(map(EventTemplate.load, dumped["template"]))
            )
        if dumped["foretold"] is not None:
            template, ends = dumped["foretold"]
            restored["foretold"] = ForetoldBody(EventTemplate.load(template), tuple(ends))
        return cls(**restored)
