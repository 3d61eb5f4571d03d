"""One recorded exchange in the HTML report: its course in time, and its bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from markupsafe import Markup

from streamchat_conformance.core.exchange import Exchange
from streamchat_conformance.report.html.bytes_view import as_hex, as_text
from streamchat_conformance.report.html.timeline import Course, course_of, timeline


@dataclass(frozen=True)
class ExchangeView:
    """What `exchange.html` shows of one exchange."""

    number: int
    exchange: Exchange
    offsets: Sequence[int]
    """Places in what was received that findings name."""
    ids: Sequence[str]
    """The requirements that cite this exchange."""

    @cached_property
    def _course(self) -> Course:
        return course_of(self.exchange)

    @property
    def sentence(self) -> str:
        """Its course in words."""
        limit = f" (limit {self.exchange.limit})" if self.exchange.limit else ""
        return f"{self._course.sentence()}{limit}"

    @property
    def picture(self) -> Markup:
        """Its course in time."""
        return timeline(self._course)

    @property
    def sent(self) -> str:
        """How much was sent."""
        request, taken = self.exchange.request, self.exchange.sent_bytes
        unsent = taken is not None and taken < len(request)
        return _size(request) + (f", of which the socket took {taken:,}" if unsent else "")

    @property
    def received(self) -> str:
        """How much came."""
        more = self.exchange.unrecorded_bytes
        unrecorded = f"; {more:,} more came and were not kept" if more else ""
        return f"{_size(self.exchange.received)}{unrecorded}"

    @property
    def sent_text(self) -> Markup:
        """The request as text."""
        return as_text(self.exchange.request)

    @property
    def received_text(self) -> Markup:
        """What came, as text."""
        return as_text(self.exchange.received, self.offsets)

    @property
    def sent_hex(self) -> Markup:
        """The request as a hex dump; empty where nothing was sent."""
        return _hex(self.exchange.request, ())

    @property
    def received_hex(self) -> Markup:
        """What came, as a hex dump; empty where nothing did."""
        return _hex(self.exchange.received, self.offsets)


def _hex(data: bytes, offsets: Sequence[int]) -> Markup:
    return as_hex(data, offsets) if data else Markup("")


def _size(data: bytes) -> str:
    return f"{len(data):,} byte{'' if len(data) == 1 else 's'}"
