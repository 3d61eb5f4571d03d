"""Field values: tokens, lists, media types, directives, dates."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamchat_conformance.core.fields import (
    MediaType,
    directives,
    is_http_date,
    is_obsolete_http_date,
    is_token,
    media_type,
    split_list,
    tokens,
    unquote,
)

token_texts = st.text("!#$%&'*+-.^_`|~0123456789ABCabc", min_size=1, max_size=8)
quotable_texts = st.text('abc ,;="\\\t\xff', max_size=8)


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def test_tokens_are_nonempty_and_have_no_delimiters() -> None:
    assert all(map(is_token, ("a", "keep-alive", "!#$%&'*+-.^_`|~09AZaz")))
    assert not any(map(is_token, ("", "a b", "a/b", '"a"', "a=", "é", "a\n", "a,")))


def test_lists_run_over_field_lines_and_lose_empty_members() -> None:
    assert tokens(["Keep-Alive, , Upgrade ,", "", "CLOSE"]) == ["keep-alive", "upgrade", "close"]


@pytest.mark.parametrize(
    ("value", "members"),
    [
        ("", [""]),
        ("a,b", ["a", "b"]),
        (' a , "b,c" ,d', ["a", '"b,c"', "d"]),
        (r'a="b\",c",d', [r'a="b\",c"', "d"]),
        ('"a,b', ['"a,b']),
        ('"a\\', ['"a\\']),
        (",", ["", ""]),
    ],
)
def test_a_comma_inside_quotes_does_not_separate(value: str, members: list[str]) -> None:
    assert list(split_list(value)) == members


@given(st.lists(token_texts | quotable_texts.map(quoted), min_size=1))
def test_what_was_joined_to_a_list_is_split_again(members: list[str]) -> None:
    assert list(split_list(" , ".join(members))) == members


@given(quotable_texts)
def test_a_quoted_string_stands_for_its_text(text: str) -> None:
    assert unquote(quoted(text)) == text


@given(token_texts)
def test_a_token_stands_for_itself(text: str) -> None:
    assert unquote(text) == text


@given(
    token_texts,
    token_texts,
    st.dictionaries(token_texts.map(str.lower), token_texts | quotable_texts, max_size=3),
    st.sampled_from([";", "; ", " ;\t", ";;"]),
)
def test_a_well_formed_media_type_is_read_whole(
    main: str, sub: str, parameters: dict[str, str], semicolon: str
) -> None:
    value = f"{main}/{sub}" + "".join(
        f"{semicolon}{name.upper()}={text if is_token(text) else quoted(text)}"
        for name, text in parameters.items()
    )
    assert media_type(value) == MediaType(main.lower(), sub.lower(), parameters)


@pytest.mark.parametrize(
    ("value", "essence", "parameters"),
    [
        ("Text/Event-Stream", "text/event-stream", {}),
        ("text/event-stream;charset=UTF-8", "text/event-stream", {"charset": "UTF-8"}),
        ('text/event-stream; Charset="utf-8"', "text/event-stream", {"charset": "utf-8"}),
        ("text/html;", "text/html", {}),
        ("text/html; ;a=b", "text/html", {"a": "b"}),
        ('a/b;c=";,="', "a/b", {"c": ";,="}),
    ],
)
def test_legal_forms_of_media_types(value: str, essence: str, parameters: dict[str, str]) -> None:
    read = media_type(value)
    assert read is not None
    assert (read.essence, read.parameters, read.well_formed) == (essence, parameters, True)


@pytest.mark.parametrize(
    ("value", "parameters"),
    [
        ("text/html; charset", {}),
        ("text/html; charset = utf-8", {"charset": "utf-8"}),
        ("text/html; charset=", {"charset": ""}),
        ('text/html; charset="utf-8', {"charset": '"utf-8'}),
        ("text/html; charset=utf 8", {"charset": "utf 8"}),
        ("text/html; charset=a; charset=b", {"charset": "a"}),
        ("text/html, text/plain", {}),
        ("text/html;charset=a, text/plain", {"charset": "a"}),
        ("text / html", {}),
        ("text/html; =a", {}),
    ],
)
def test_bad_media_types_are_read_and_marked(value: str, parameters: dict[str, str]) -> None:
    read = media_type(value)
    assert read is not None
    assert (read.essence, read.parameters, read.well_formed) == ("text/html", parameters, False)


@pytest.mark.parametrize(
    "value", ["", "text", "/html", "text/", "a b/c", "text/html charset=x", ";"]
)
def test_without_type_and_subtype_there_is_no_media_type(value: str) -> None:
    assert media_type(value) is None


def test_directives_have_arguments_or_none() -> None:
    assert directives(['No-Cache, max-age=5,private="a, b"', "no-cache=x, , =y, z="]) == {
        "no-cache": None,
        "max-age": "5",
        "private": "a, b",
        "z": "",
    }


@given(st.text(st.characters(max_codepoint=255)))
def test_no_value_raises(value: str) -> None:
    media_type(value)
    tokens([value])
    directives([value])
    is_http_date(value)
    is_obsolete_http_date(value)
    unquote(value)


@given(st.datetimes(min_value=datetime(1, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis adds the zone
def test_every_moment_has_an_http_date_in_three_forms(moment: datetime) -> None:
    fixed = format_datetime(moment, usegmt=True)
    assert is_http_date(fixed)
    assert not is_obsolete_http_date(fixed)
    year, month = f"{moment.year % 100:02}", fixed[8:11]
    # In the century in which a two-digit year is read, 29 February may not exist.
    if not (moment.day == 29 and moment.month == 2):
        weekday = moment.strftime("%A")
        assert is_obsolete_http_date(
            f"{weekday}, {moment.day:02}-{month}-{year} {moment:%H:%M:%S} GMT"
        )
    asctime = f"{fixed[:3]} {month} {moment.day:2} {moment:%H:%M:%S} {moment.year:04}"
    assert is_obsolete_http_date(asctime)
    assert not is_http_date(asctime)


@pytest.mark.parametrize(
    "value",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Mon, 06 Nov 1994 08:49:37 GMT",  # A wrong weekday is within the grammar.
        "Thu, 29 Feb 2024 23:59:60 GMT",
        "Sat, 29 Feb 0000 00:00:00 GMT",
    ],
)
def test_dates_of_the_form_senders_must_use(value: str) -> None:
    assert is_http_date(value)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 gmt",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sun, 06 Nov 1994 08:49:37",
        "Sunday, 06 Nov 1994 08:49:37 GMT",
        "06 Nov 1994 08:49:37 GMT",
        "Sun,  06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Thu, 29 Feb 2023 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT\n",
        "Sun, 0\xb2 Nov 1994 08:49:37 GMT",
        "1994-11-06T08:49:37Z",
    ],
)
def test_dates_that_are_none(value: str) -> None:
    assert not is_http_date(value)
    assert not is_obsolete_http_date(value)


def test_obsolete_dates_are_known_apart() -> None:
    obsolete = ["Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
    assert all(map(is_obsolete_http_date, obsolete))
    assert not any(map(is_http_date, obsolete))
