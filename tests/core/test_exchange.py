"""The JSON form of an exchange: exact both ways, and clear about what is wrong with it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from streamchat_conformance.core.exchange import SCHEMA, Ending, Exchange, Read

PROPERTY = settings(deadline=None)

seconds = st.floats(0, 1e6)
byte_strings = st.binary(max_size=60) | st.sampled_from([b"\xff\xfe", b"\xed\xa0\x80", b"\r\n\x00"])
reads = st.builds(Read, at_s=seconds, data=byte_strings)
exchanges = st.builds(
    Exchange,
    request=byte_strings,
    reads=st.lists(reads, max_size=4).map(tuple),
    ending=st.sampled_from(Ending),
    ended_at_s=seconds,
    sent_bytes=st.none() | st.integers(0, 2**40),
    sent_at_s=seconds,
    limit=st.none() | st.text(max_size=10),
    unrecorded_bytes=st.integers(0, 2**40),
    connection=st.integers(0, 1000),
    position=st.integers(0, 1000),
    label=st.text(max_size=10),
    watched_s=st.none() | seconds,
    notes=st.lists(st.text(max_size=10), max_size=3).map(tuple),
)
MEMBERS = sorted(Exchange(b"").to_json().keys() - {"schema"})


@PROPERTY
@given(exchanges)
def test_an_exchange_comes_back_equal_from_its_json(exchange: Exchange) -> None:
    text = exchange.dumps()
    assert text.isascii()
    assert Exchange.loads(text) == exchange
    assert Exchange.loads(text.encode()) == exchange
    assert Exchange.from_json(exchange.to_json()) == exchange


@PROPERTY
@given(st.lists(reads, max_size=5))
def test_every_byte_and_time_is_kept(parts: list[Read]) -> None:
    restored = Exchange.loads(Exchange(b"", tuple(parts)).dumps())
    assert restored.received == b"".join(read.data for read in parts)
    assert [read.at_s for read in restored.reads] == [read.at_s for read in parts]


@given(byte_strings)
def test_the_text_next_to_the_bytes_is_for_people_and_not_read(data: bytes) -> None:
    value = Exchange(data, (Read(0.0, data),)).to_json()
    value["request"]["text"] = value["reads"][0]["text"] = "changed"
    assert Exchange.from_json(value) == Exchange(data, (Read(0.0, data),))


@pytest.mark.parametrize("member", MEMBERS)
def test_a_missing_member_is_named(member: str) -> None:
    value = Exchange(b"x", (Read(0.0, b"y"),)).to_json()
    del value[member]
    with pytest.raises(ValueError, match=f"lacks the member '{member}'"):
        Exchange.from_json(value)


@pytest.mark.parametrize("member", ["at_s", "base64"])
def test_a_missing_member_of_a_read_is_named(member: str) -> None:
    value = Exchange(b"x", (Read(0.0, b"y"),)).to_json()
    del value["reads"][0][member]
    with pytest.raises(ValueError, match=f"lacks the member '{member}'"):
        Exchange.from_json(value)


@pytest.mark.parametrize("schema", [0, SCHEMA + 1, str(SCHEMA), None])
def test_another_schema_is_refused_by_name(schema: object) -> None:
    value = Exchange(b"x").to_json() | {"schema": schema}
    with pytest.raises(ValueError, match=f"schema {schema!r} is not {SCHEMA}"):
        Exchange.from_json(value)


@pytest.mark.parametrize("value", [None, [], "x", 1])
def test_what_is_no_object_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="an exchange is a JSON object"):
        Exchange.loads(json.dumps(value))


@given(st.text(max_size=20) | st.binary(max_size=20))
def test_text_that_is_not_an_exchange_is_a_value_error(text: str | bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the json module words some of these itself
        Exchange.loads(text)
