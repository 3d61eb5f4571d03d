"""Event streams of every kind, and ways to cut them into reads."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import strategies as st

FRAGMENTS = [
    *(b"data: ", b"data:", b"data", b"id: ", b"id:", b"id", b"event: ", b"event:", b"event"),
    *(b"retry: ", b"retry:", b"retry", b":", b": c", b" ", b"x", b"ab", b"0", b"12", b"foo: "),
    *(b"\n", b"\n\n", b"\r", b"\r\n", b"\r\n\r\n", b"\r\r", b"\n\r"),
    *(b"data: x\n\n", b"id: 5\nevent: t\ndata: y\n\n", b": c\n\n", b"data\n\n"),
    *(b"\0", b"\xef\xbb\xbf", b"\xef\xbb", b"\xff", b"\xe2\x82\xac", b"\xe2\x82", b"\xf0\x9f"),
    *("\u2028".encode(), "\x85".encode(), b"\x0b"),
]
fragments = st.sampled_from(FRAGMENTS) | st.binary(max_size=4)
noisy_streams = st.lists(fragments, max_size=30).map(b"".join)
"""Streams in which anything may follow anything."""

values = st.sampled_from(
    ["", "a", " b", '{"a": 1}', "a:b", "5", "é€", "\0", "\u2028", "x" * 90, "data: z"]
)
_names = st.sampled_from(["data", "data", "data", "id", "event", "retry", "foo", "", "\ufeffdata"])


@st.composite
def field_lines(draw: st.DrawFn) -> str:
    return draw(_names) + draw(st.sampled_from([": ", ": ", ":", ""])) + draw(values)


blocks = st.lists(field_lines(), max_size=5).map("\n".join).map(lambda lines: lines + "\n\n")


COMMON = {
    "d": ["data", '{"n": a}'],
    "D": ["data", '{"n": a,', "data", '"m": a}'],
    "l": ["data", "long" * 200],
    "s": ["data", " a"],
    "e": ["event", "token"],
    "E": ["event", ""],
    "i": ["id", "a7"],
}
"""Names and values of what is common in a block."""


@st.composite
def common_blocks(draw: st.DrawFn) -> str:
    """Blocks as most servers write them: each field once, in some order, one style of colon."""
    kinds = draw(st.sampled_from(["d", "de", "di", "ide", "D", "De", "Di", "iE", "diE", "l", "s"]))
    colon = draw(st.sampled_from([": ", ": ", ":"]))
    lines = [
        f"{name}{colon}{value}\n"
        for kind in draw(st.permutations(kinds))
        for name, value in batched_pairs(COMMON[kind])
    ]
    return draw(st.sampled_from(["", "", ": c\n", ": c a\n\n"])) + "".join(lines) + "\n"


def batched_pairs(items: list[str]) -> list[tuple[str, str]]:
    return list(zip(items[::2], items[1::2], strict=True))


strangers = (
    blocks
    | common_blocks()
    | common_blocks()
    | st.sampled_from([": c\n\n", "\n", "event:\ndata: a\n\n"])
)


@st.composite
def repetitive_streams(draw: st.DrawFn) -> bytes:
    """Streams as servers send them: a kind of block, or a few in turn, many times; strangers."""
    kinds = [draw(common_blocks())]
    if draw(st.sampled_from([False, False, True])):
        kinds = draw(st.lists(blocks | common_blocks(), min_size=1, max_size=3))
    stranger = draw(strangers)
    count = draw(st.sampled_from([2, 9, 40, 60]))
    places = draw(st.sets(st.integers(0, count), max_size=3))
    parts = []
    for index in range(count):
        # A number makes each event another, wherever the kind has room for it.
        parts.append(kinds[index % len(kinds)].replace(": a", f": {index}"))
        if index in places:
            parts.append(stranger)
    ending = draw(st.sampled_from(["\n", "\n", "\r\n", "\r"]))
    stream = "".join(parts).replace("\n", ending).encode()
    return stream[: len(stream) - draw(st.sampled_from([0, 0, 1, 3]))]


_value_parts = st.sampled_from(
    [b"a", b" ", b":", b"5", b"\0", b"\xef\xbb\xbf", b"\xff", b"\xe2\x82", "€\u2028".encode()]
)
_line_ends = st.sampled_from([b"\n", b"\n", b"\r\n", b"\r"])


@st.composite
def _odd_lines(draw: st.DrawFn) -> bytes:
    names = [b"data", b"data", b"data", b"id", b"event", b"retry", b"", b"x", b"\xef\xbb\xbfdata"]
    colon = draw(st.sampled_from([b": ", b":", b""]))
    value = b"".join(draw(st.lists(_value_parts, max_size=4))) if colon else b""
    return draw(st.sampled_from(names)) + colon + value + draw(_line_ends)


@st.composite
def eventful_streams(draw: st.DrawFn) -> bytes:
    """Streams of many short events, with all that is odd in them."""
    blocks = draw(st.lists(st.lists(_odd_lines(), min_size=1, max_size=4), max_size=6))
    stream = b"".join(b"".join(lines) + draw(_line_ends) for lines in blocks)
    mark = draw(st.sampled_from([b"", b"", b"", b"\xef\xbb\xbf", b"\xef\xbb"]))
    return mark + stream[: len(stream) - draw(st.sampled_from([0, 0, 1, 2]))]


streams = noisy_streams | repetitive_streams() | eventful_streams()


@st.composite
def cut_streams(
    draw: st.DrawFn, source: st.SearchStrategy[bytes] = streams
) -> tuple[bytes, list[bytes]]:
    """A stream, and the same stream in reads, some of them empty."""
    stream = draw(source)
    step = draw(st.sampled_from([0, 0, 0, 1, 2, 7, 100, 700, 1400]))
    if step:
        # Tiny reads of a long stream take long, and show nothing that short ones do not.
        step = max(step, len(stream) // 1000)
        places = list(range(0, len(stream), step))
    else:
        places = sorted(draw(st.lists(st.integers(0, len(stream)), max_size=4)))
    places = [0, *places, len(stream)]
    reads = [stream[start:end] for start, end in pairwise(places)]
    return stream, reads
