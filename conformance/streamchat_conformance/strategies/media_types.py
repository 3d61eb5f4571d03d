"""Content-Type values: spellings of JSON's media type, and others."""

from __future__ import annotations

from hypothesis import strategies as st

__all__ = ["media_types_json", "media_types_not_json"]

_JSON = ("application/json", "Application/JSON", "APPLICATION/JSON", "application/Json")

# RFC 9110 §8.3.2: charset names are case-insensitive; §5.6.6: a parameter's name is too, and
# its value may be a token or a quoted string.
_PARAMETERS = (
    "charset=utf-8", "charset=UTF-8", "Charset=utf-8", "CHARSET=Utf-8", 'charset="utf-8"',
    'charset="UTF-8"', "version=1", 'title="a"', 'title="a;b=c"', r'title="a\"b"',
)  # fmt: skip

_NOT_JSON = (
    "text/plain", "application/x-www-form-urlencoded", "application/octet-stream", "text/html",
    "multipart/form-data; boundary=x", 'multipart/form-data; boundary="application/json"',
    "application/xml", "text/xml", "text/event-stream", "application/jsonx", "application/x-ndjson",
    "application/javascript", "image/png", "application/vnd.unknown", "json/application",
    "application/pdf", "text/csv", "application/x-json-stream",
)  # fmt: skip
# Each holds the name of JSON's media type where a search for it is not a reading of the field.
_NOT_JSON_PARAMETERS = (
    "charset=utf-8", 'profile="application/json"', "format=json", 'x="; application/json"',
)  # fmt: skip


def media_types_json() -> st.SearchStrategy[str]:
    """Draw spellings of `application/json`, all legal, all meaning UTF-8 JSON.

    In any case; with parameters, of which only charset says something, and that `utf-8`; with
    spaces around the semicolon (RFC 9110 §5.6.6). No tabs: they are legal there, but no client
    of the endpoint writes one, and readers in wide use (koa's) do not know them.
    """
    parameters = st.builds(
        lambda before, after, parameter: f"{before};{after}{parameter}",
        st.sampled_from(["", " "]),
        st.sampled_from([" ", "", "  "]),
        st.sampled_from(_PARAMETERS),
    )
    return st.one_of(
        st.sampled_from(_JSON),
        st.builds(str.__add__, st.sampled_from(_JSON), parameters),
        st.sampled_from([f"application/json; {parameter}" for parameter in _PARAMETERS]),
    )


def media_types_not_json() -> st.SearchStrategy[str | None]:
    """Draw legal media types other than JSON's; None stands for no Content-Type at all.

    Never `text/json` nor `application/*+json`, which a server may well take for JSON.
    """
    plain: list[str | None] = [None, *_NOT_JSON]
    with_parameter = st.builds(
        lambda media_type, parameter: f"{media_type}; {parameter}",
        st.sampled_from(_NOT_JSON),
        st.sampled_from(_NOT_JSON_PARAMETERS),
    )
    cased = st.sampled_from(_NOT_JSON[:4]).map(str.upper)
    return st.one_of(st.sampled_from(plain), cased, with_parameter)
