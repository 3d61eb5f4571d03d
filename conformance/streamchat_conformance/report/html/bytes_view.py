"""Recorded bytes as text and as hex, in bounds, with the offending bytes marked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from markupsafe import Markup

from streamchat_conformance.report.html.documents import shown

MARKED_BYTES = 40
"""How many bytes are marked from an offset on, unless the line ends before."""
ROW_BYTES = 16
TEXT_START_BYTES, TEXT_AROUND_BYTES, TEXT_END_BYTES = 4096, 512, 512
HEX_START_BYTES, HEX_AROUND_BYTES, HEX_END_BYTES = 512, 64, 64
OFFSETS = 8
"""Of more offsets in one recording only the first are marked."""

Span = tuple[int, int]


def windows(size: int, offsets: Iterable[int], *, start: int, around: int, end: int) -> list[Span]:
    """Return the parts of `size` bytes that are shown: the start, the end, around offsets."""
    wanted = [(0, min(size, start)), (max(0, size - end), size)]
    wanted += [(max(0, at - around), min(size, at + around)) for at in offsets]
    merged: list[Span] = []
    for low, high in sorted(wanted):
        if merged and low <= merged[-1][1] + around:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        elif low < high:
            merged.append((low, high))
    return merged


def marked_spans(data: bytes, offsets: Iterable[int]) -> list[Span]:
    """Return the bytes to mark, in order and apart: from each offset to the end of its line."""
    spans: list[Span] = []
    for at in sorted({min(offset, len(data)) for offset in offsets})[:OFFSETS]:
        if spans and at < spans[-1][1]:
            continue
        end = min(len(data), at + MARKED_BYTES)
        rest = data[at:end].splitlines()
        spans.append((at, at + max(1, len(rest[0])) if rest else at))
    return spans


def as_text(data: bytes, offsets: Sequence[int] = (), *, around: int | None = None) -> Markup:
    """Return bytes as text in a `pre`; line ends and what is no text are shown as escapes.

    With `around`, only this many bytes before and after the offsets are shown.
    """
    spans = marked_spans(data, offsets)
    if around is None:
        parts_shown = windows(
            len(data),
            [span[0] for span in spans],
            start=TEXT_START_BYTES,
            around=TEXT_AROUND_BYTES,
            end=TEXT_END_BYTES,
        )
    else:
        parts_shown = windows(len(data), [at for at, _ in spans], start=0, around=around, end=0)
    parts: list[Markup] = []
    position = 0
    for low, high in parts_shown:
        parts.append(_left_out(low - position))
        parts.extend(_pieces(data, low, high, spans))
        position = high
    parts.append(_left_out(len(data) - position))
    if any(at >= len(data) for at, _ in spans):
        parts.append(_marked("⟨the recording ends here⟩"))
    return Markup('<pre class="wire" tabindex="0">{}</pre>').format(Markup("").join(parts))


def _pieces(data: bytes, low: int, high: int, spans: Sequence[Span]) -> Iterator[Markup]:
    position = low
    for start, end in spans:
        first, last = max(start, position), min(end, high)
        if first < last:
            yield shown(printed(data[position:first]))
            yield _marked(printed(data[first:last]))
            position = last
    yield shown(printed(data[position:high]))


def _marked(text: str) -> Markup:
    return Markup("<mark>{}</mark>").format(shown(text))


def printed(data: bytes) -> str:
    r"""Return bytes as text: `\r` is shown, a line ends after `\n`, other bytes are escaped."""
    text = data.decode("utf-8", "backslashreplace")
    return text.replace("\r", "\\r").replace("\n", "\\n\n")


def _left_out(size: int) -> Markup:
    if size <= 0:
        return Markup("")
    text = f"\n… {size:,} bytes are not shown here …\n"
    return Markup('<span class="left-out">{}</span>').format(text)


def as_hex(data: bytes, offsets: Sequence[int] = ()) -> Markup:
    """Return bytes as a hex dump in a `pre`: offset, bytes, characters."""
    spans = marked_spans(data, offsets)
    parts_shown = windows(
        len(data),
        [span[0] for span in spans],
        start=HEX_START_BYTES,
        around=HEX_AROUND_BYTES,
        end=HEX_END_BYTES,
    )
    parts: list[Markup] = []
    position = 0
    for low, high in parts_shown:
        low -= low % ROW_BYTES  # noqa: PLW2901 - a row begins at a round offset
        parts.append(_left_out(low - position))
        parts.extend(
            _row(data, at, min(at + ROW_BYTES, high), spans) for at in range(low, high, ROW_BYTES)
        )
        position = high
    parts.append(_left_out(len(data) - position))
    return Markup('<pre class="wire hex" tabindex="0">{}</pre>').format(Markup("").join(parts))


def _row(data: bytes, low: int, high: int, spans: Sequence[Span]) -> Markup:
    codes: list[Markup] = []
    characters: list[Markup] = []
    for at in range(low, high):
        marked = any(start <= at < end for start, end in spans)
        show = _marked if marked else shown
        codes.append(show(f"{data[at]:02x}"))
        characters.append(show(chr(data[at]) if 0x20 <= data[at] < 0x7F else "·"))
    gap = "   " * (ROW_BYTES - (high - low))
    return Markup("{:06x}  {}{}  {}\n").format(
        low, Markup(" ").join(codes), gap, Markup("").join(characters)
    )
