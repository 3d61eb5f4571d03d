"""Bodies that a server must refuse, or at least outlive: each a valid request but for one fault."""

from __future__ import annotations

import codecs
from typing import Any

from hypothesis import strategies as st

from streamchat_conformance.dialects.stream_chat.strategies.histories import (
    any_json,
    histories,
    out_of_range_numbers,
)
from streamchat_conformance.dialects.stream_chat.strategies.json_texts import (
    json_text,
    raw_json_texts,
)
from streamchat_conformance.dialects.stream_chat.strategies.malformations import malformed_bodies
from streamchat_conformance.dialects.stream_chat.strategies.prompts import prompts

__all__ = [
    "arbitrary_bodies",
    "bodies_missing",
    "bodies_with",
    "deep_nesting",
    "huge_number",
    "lone_surrogate_bodies",
    "non_finite_bodies",
    "not_object_bodies",
    "not_utf8_bodies",
    "out_of_range_bodies",
    "raw_body",
    "valid_bodies",
]

_MEMBERS = ("prompt", "history")

_NOT_UTF8 = (
    b"\xff",
    b"\x80",  # a continuation byte alone
    b"\xc3",  # a sequence cut short
    b"\xe2\x82",
    b"\xf0\x9f\x98",
    b"\xe9",  # e acute in Latin-1
    b"\xc0\xaf",  # overlong forms
    b"\xc0\x80",
    b"\xe0\x80\xaf",
    b"\xf0\x80\x80\xaf",
    b"\xed\xa0\xbd",  # a surrogate alone
    b"\xed\xa0\xbd\xed\xb8\x80",  # a pair of them: CESU-8
    b"\xf4\x90\x80\x80",  # beyond U+10FFFF
    b"\xf8\x88\x80\x80\x80",
    b"\xfe\xff",
)

# Without a byte order mark it is the e acute that makes these bytes ill-formed as UTF-8.
_OTHER_ENCODINGS = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")

_LONE_SURROGATES = (
    r"\ud83d", r"\ude00", r"\uD800", r"\uDFFF", r"\ude00\ud83d", r"\ud83d\ud83d", r"\ud83d\u0041",
    r"\ud83d\\ude00", r"\udbff\n",
)  # fmt: skip

_NON_FINITE = (b"NaN", b"Infinity", b"-Infinity")

# None that a real server may take for another spelling of `prompt` or `history`.
_OTHER_NAMES = ("x-unknown", "", "prompts", "prompt ", "history[]", "history2", "\u00e9")


def raw_body(*, prompt: bytes = b'"Hello"', history: bytes = b"[]", more: bytes = b"") -> bytes:
    """Return a request body from raw JSON texts; `more` is raw members, such as `b'"x":1'`."""
    return b'{"prompt":%s,"history":%s%s}' % (prompt, history, b"," + more if more else b"")


def valid_bodies() -> st.SearchStrategy[bytes]:
    """Draw valid requests in any legal spelling, the members in either order."""
    return st.builds(
        lambda prompt, history, spelling: json_text(
            {"prompt": prompt, "history": history}, spelling=spelling
        ),
        prompts(max_size=20),
        histories(max_items=2),
        st.integers(0, 2**64 - 1),
    )


def not_object_bodies() -> st.SearchStrategy[bytes]:
    """Draw JSON texts that are an array, a string, a number, a boolean or null."""
    values = any_json().filter(lambda value: not isinstance(value, dict)).map(json_text)
    requests = valid_bodies()
    wrapped = st.one_of(
        requests.map(lambda body: b"[%s]" % body),
        requests.map(lambda body: json_text(body.decode("utf-8"))),
    )
    simple = st.sampled_from(
        [b"[]", b'""', b"0", b"null", b"true", b"false", b"-1.5e3", b'["prompt","history"]']
    )
    return st.one_of(simple, values, wrapped)


def bodies_missing(member: str) -> st.SearchStrategy[bytes]:
    """Draw requests without `member` (`"prompt"` or `"history"`), valid but for that.

    Other members may stand there, none of which is `member` in any case: some JSON libraries
    match names case-blind.
    """
    _check_member(member)
    return st.builds(
        lambda request, name, extra: json_text(
            {key: value for key, value in {**request, name: extra}.items() if key != member}
        ),
        _requests(),
        st.sampled_from(_OTHER_NAMES),
        st.sampled_from(["Hello", [], None]),
    )


def bodies_with(member: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[bytes]:
    """Draw requests whose `member` is one of `values` (JSON values), valid but perhaps for that."""
    _check_member(member)
    return st.builds(
        lambda request, value: json_text({**request, member: value}), _requests(), values
    )


def not_utf8_bodies() -> st.SearchStrategy[bytes]:
    """Draw requests that are not UTF-8: a valid one with ill-formed bytes in a string or name.

    Or one in UTF-16 or UTF-32. Read with a lenient decoder each is a valid request.
    """
    text = st.text("ab\u00e9\U0001f600", max_size=3).map(str.encode)
    ill_formed = st.builds(
        lambda before, fault, after: b'"%s%s%s"' % (before, fault, after),
        text,
        st.sampled_from(_NOT_UTF8),
        text,
    )
    return st.one_of(
        ill_formed.map(lambda string: raw_body(prompt=string)),
        ill_formed.map(lambda string: raw_body(history=b"[%s]" % string)),
        ill_formed.map(lambda string: raw_body(history=b'[{"role":"user","content":%s}]' % string)),
        ill_formed.map(lambda string: raw_body(more=b'"x-unknown":%s' % string)),
        ill_formed.map(lambda string: raw_body(more=b"%s:0" % string)),
        st.builds(
            lambda encoding, before, after: (
                raw_body(prompt=b'"%s\xc3\xa9%s"' % (before, after)).decode().encode(encoding)
            ),
            st.sampled_from(_OTHER_ENCODINGS),
            text,
            text,
        ),
    )


def lone_surrogate_bodies() -> st.SearchStrategy[bytes]:
    r"""Draw valid JSON with an escaped surrogate that has no partner, such as `"\ud83d"`.

    In the prompt, in a history item, or in a name inside one.
    """
    text = st.text("ab\u00e9", max_size=3)
    strings = st.builds(
        lambda before, fault, after: f'"{before}{fault}{after}"'.encode(),
        text,
        st.sampled_from(_LONE_SURROGATES),
        text,
    )
    return st.one_of(
        strings.map(lambda string: raw_body(prompt=string)),
        strings.map(lambda string: raw_body(history=b"[%s]" % string)),
        strings.map(lambda string: raw_body(history=b'[{"role":"user","content":%s}]' % string)),
        strings.map(lambda string: raw_body(history=b"[{%s:0}]" % string)),
    )


def non_finite_bodies() -> st.SearchStrategy[bytes]:
    """Draw requests with `NaN`, `Infinity` or `-Infinity` in the history, which JSON has not."""
    shapes = st.sampled_from([b"[%s]", b"[0,%s]", b'[{"a":%s}]', b"[[[%s]]]"])
    return st.builds(
        lambda shape, word: raw_body(history=shape % word), shapes, st.sampled_from(_NON_FINITE)
    )


def out_of_range_bodies() -> st.SearchStrategy[bytes]:
    """Draw requests with a number beyond a double's range in the history: taken or refused."""
    return out_of_range_numbers().map(
        lambda number: raw_body(history=b"[%s]" % number.encode("ascii"))
    )


def deep_nesting(depth: int, *, objects: bool = False) -> bytes:
    """Return a request whose history is `depth` brackets deep: arrays, or objects in it."""
    if depth < 1:
        raise ValueError(f"a history has a depth of at least 1, not {depth}")
    opening, closing = (b'{"a":', b"}") if objects else (b"[", b"]")
    inner = opening * (depth - 1) + b"0" + closing * (depth - 1)
    return raw_body(history=b"[%s]" % inner)


def huge_number(digits: int) -> bytes:
    """Return a request with an integer of that many digits in its history."""
    if digits < 1:
        raise ValueError(f"a number has at least 1 digit, not {digits}")
    return raw_body(history=b"[%s]" % (b"9" * digits))


def arbitrary_bodies() -> st.SearchStrategy[bytes]:
    """Draw any bytes at all: random ones, JSON of any kind, and every kind of fault.

    Some are valid requests. The same body says nothing about what is right; only that it must
    draw an answer, and no 5xx.
    """
    return st.one_of(
        st.binary(max_size=40),
        prompts(max_size=40).map(str.encode),
        raw_json_texts(),
        raw_json_texts().map(lambda value: raw_body(prompt=value)),
        raw_json_texts().map(lambda value: raw_body(history=value)),
        raw_json_texts().map(lambda value: raw_body(more=b'"x-unknown":%s' % value)),
        raw_json_texts().map(lambda value: raw_body(more=b'"prompt":%s' % value)),
        valid_bodies().map(lambda body: codecs.BOM_UTF8 + body),
        bodies_with("prompt", any_json()),
        bodies_with("history", any_json()),
        bodies_missing("prompt"),
        bodies_missing("history"),
        not_object_bodies(),
        malformed_bodies(),
        not_utf8_bodies(),
        lone_surrogate_bodies(),
        non_finite_bodies(),
        out_of_range_bodies(),
    )


def _check_member(member: str) -> None:
    if member not in _MEMBERS:
        raise ValueError(f"a request has the members {' and '.join(_MEMBERS)}, not {member!r}")


def _requests() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"prompt": prompts(max_size=10), "history": st.sampled_from([[], ["Hi"], [{"a": 1}]])}
    )
