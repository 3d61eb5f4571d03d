"""Recorded bytes as text and as hex, in bounds, with the offending bytes marked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from streamchat_conformance.report.html.markup import Markup, element, escaped, joined

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
        shown = windows(
            len(data),
            [span[0] for span in spans],
            start=TEXT_START_BYTES,
            around=TEXT_AROUND_BYTES,
            end=TEXT_END_BYTES,
        )
    else:
        shown = windows(len(data), [at for at, _ in spans], start=0, around=around, end=0)
    parts: list[str] = []
    position = 0
    for low, high in shown:
        parts.append(_left_out(low - position))
        parts.extend(_pieces(data, low, high, spans))
        position = high
    parts.append(_left_out(len(data) - position))
    if any(at >= len(data) for at, _ in spans):
        parts.append(element("mark", "⟨the recording ends here⟩"))
    return element("pre", *parts, class_="wire", tabindex="0")


def _pieces(data: bytes, low: int, high: int, spans: Sequence[Span]) -> Iterator[str]:
    position = low
    for start, end in spans:
        first, last = max(start, position), min(end, high)
        if first < last:
            yield escaped(printed(data[position:first]))
            yield element("mark", escaped(printed(data[first:last])))
            position = last
    yield escaped(printed(data[position:high]))


def printed(data: bytes) -> str:
    r"""Return bytes as text: `\r` is shown, a line ends after `\n`, other bytes are escaped."""
    text = data.decode("utf-8", "backslashreplace")
    return text.replace("\r", "\\r").replace("\n", "\\n\n")


def _left_out(size: int) -> Markup:
    if size <= 0:
        return Markup("")
    return element("span", f"\n… {size:,} bytes are not shown here …\n", class_="left-out")


def as_hex(data: bytes, offsets: Sequence[int] = ()) -> Markup:
    """Return bytes as a hex dump in a `pre`: offset, bytes, characters."""
    spans = marked_spans(data, offsets)
    shown = windows(
        len(data),
        [span[0] for span in spans],
        start=HEX_START_BYTES,
        around=HEX_AROUND_BYTES,
        end=HEX_END_BYTES,
    )
    parts: list[str] = []
    position = 0
    for low, high in shown:
        low -= low % ROW_BYTES  # noqa: PLW2901 - a row begins at a round offset
        parts.append(_left_out(low - position))
        parts.extend(
            _row(data, at, min(at + ROW_BYTES, high), spans) for at in range(low, high, ROW_BYTES)
        )
        position = high
    parts.append(_left_out(len(data) - position))
    return element("pre", *parts, class_="wire hex", tabindex="0")


def _row(data: bytes, low: int, high: int, spans: Sequence[Span]) -> Markup:
    codes, characters = [], []
    for at in range(low, high):
        marked = any(start <= at < end for start, end in spans)
        byte = data[at]
        code = f"{byte:02x}"
        character = chr(byte) if 0x20 <= byte < 0x7F else "·"
        codes.append(element("mark", code) if marked else Markup(code))
        characters.append(element("mark", character) if marked else escaped(character))
    gap = "   " * (ROW_BYTES - (high - low))
    return Markup(f"{low:06x}  {' '.join(codes)}{gap}  {joined(characters)}\n")
