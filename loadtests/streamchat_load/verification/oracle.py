"""The test oracle: what is known of the streams that answer requests of one shape."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Self

from streamchat_load.verification.expected_body import ExpectedBody
from streamchat_load.verification.template import EventTemplate, StreamTemplate


@dataclass(frozen=True, slots=True)
class Oracle:
    """What streams of one shape have in common, as far as the preflight knows."""

    template: StreamTemplate | None = None
    """The texts of the events."""
    expected_body: ExpectedBody | None = None
    """Every byte of the body."""
    length: int | None = None
    """Events of a stream that ends by itself, when all that were seen agree; else None."""
    body_bytes: int | None = None
    """Bytes of its body, when all that were seen agree; else None."""
    echo: bool = False
    """Events repeat the request."""
    numbered: bool = False
    """Each event's id is the id of the event before it plus one."""
    first_number: int | None = None
    """The first event's, where ids are numbered."""
    read_events: int | None = None
    """For an endless stream: how many events are read before the client closes it."""
    by_content: bool = False
    """The template is of the events' contents: other parts of their texts vary."""
    said: EventTemplate | None = None
    """What the whole stream says, however it is cut into events (`StreamJudge.said`)."""

    def shows_another_nonce(self, text: str, number: int) -> bool:
        """Return whether the event of a number has this text in the stream of another nonce."""
        events = self.template.events if self.template else ()
        return number < len(events) and events[number].fits(text)

    @property
    def is_predictable(self) -> bool:
        """Whether it is known what each stream says."""
        return self.template is not None or self.said is not None

    def without_texts(self) -> Self:
        """Return the oracle for streams whose texts are not predictable."""
        return replace(
            self, template=None, by_content=False, expected_body=None, body_bytes=None, said=None
        )

    def without_length(self) -> Self:
        """Return the oracle for streams whose number of events is not predictable either."""
        return replace(self.without_texts(), length=None)

    def dump(self) -> dict[str, Any]:
        """Return a form that JSON and msgpack can carry, and `load` reads back."""
        dumped = asdict(self)
        if self.template is not None:
            dumped["template"] = [event.dump() for event in self.template.events]
        if self.expected_body is not None:
            body = self.expected_body
            dumped["expected_body"] = {
                **{field.name: getattr(body, field.name) for field in fields(body)},
                "template": body.template.dump(),
            }
        if self.said is not None:
            dumped["said"] = self.said.dump()
        return dumped

    @classmethod
    def load(cls, dumped: dict[str, Any]) -> Self:
        """Restore an oracle from `dump`'s form."""
        restored = dict(dumped)
        if dumped["template"] is not None:
            restored["template"] = StreamTemplate(
                tuple(map(EventTemplate.load, dumped["template"]))
            )
        if dumped["expected_body"] is not None:
            known = dumped["expected_body"]
            restored["expected_body"] = ExpectedBody(
                EventTemplate.load(known["template"]),
                tuple(known["ends"]),
                known["first_text"],
                text_events=tuple(known["text_events"]),
                usage=None if known["usage"] is None else (known["usage"][0], known["usage"][1]),
                own=known["own"],
            )
        if dumped["said"] is not None:
            restored["said"] = EventTemplate.load(dumped["said"])
        return cls(**restored)
