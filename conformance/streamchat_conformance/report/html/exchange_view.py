"""One recorded exchange in the HTML report: its course in time, and its bytes."""

from __future__ import annotations

from collections.abc import Sequence

from streamchat_conformance.core.exchange import Exchange
from streamchat_conformance.report.html.bytes_view import as_hex, as_text
from streamchat_conformance.report.html.markup import Markup, element
from streamchat_conformance.report.html.timeline import course_of, timeline


def exchange_view(
    number: int, exchange: Exchange, offsets: Sequence[int], ids: Sequence[str]
) -> Markup:
    """Return an exchange as a fold.

    `offsets` are places in what was received that findings name; `ids` the requirements that
    cite this exchange.
    """
    course = course_of(exchange)
    about = [element("a", id_, href=f"#{id_}") for id_ in ids]
    used = [part for link in about for part in (link, ", ")][:-1]
    return element(
        "details",
        element(
            "summary",
            element("b", f"Exchange {number}"),
            f" {exchange.label}" if exchange.label else "",
        ),
        element("p", course.sentence() + _limits(exchange), class_="course"),
        element("div", timeline(course), class_="picture"),
        element("p", "Cited by ", *used) if used else Markup(""),
        element("h4", f"Sent ({_size(exchange.request)}{_unsent(exchange)})"),
        as_text(exchange.request),
        _hex(exchange.request, ()),
        element("h4", f"Received ({_size(exchange.received)}{_unrecorded(exchange)})"),
        as_text(exchange.received, offsets),
        _hex(exchange.received, offsets),
        *(element("p", "note: ", note) for note in exchange.notes),
        class_="exchange",
        id=f"exchange-{number}",
    )


def _hex(data: bytes, offsets: Sequence[int]) -> Markup:
    if not data:
        return Markup("")
    return element("details", element("summary", "as hex"), as_hex(data, offsets), class_="inner")


def _size(data: bytes) -> str:
    return f"{len(data):,} byte{'' if len(data) == 1 else 's'}"


def _unsent(exchange: Exchange) -> str:
    taken = exchange.sent_bytes
    if taken is None or taken >= len(exchange.request):
        return ""
    return f", of which the socket took {taken:,}"


def _unrecorded(exchange: Exchange) -> str:
    more = exchange.unrecorded_bytes
    return f"; {more:,} more came and were not kept" if more else ""


def _limits(exchange: Exchange) -> str:
    return f" (limit {exchange.limit})" if exchange.limit else ""
