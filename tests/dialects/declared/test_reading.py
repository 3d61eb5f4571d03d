"""A mistake in a declaration is one line, with its place and what is right."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sampling import examples
from streamchat_conformance.dialects.registry import UnknownDialectError, dialect_named
from streamchat_conformance.judges import rules_of

from .streams import HOUSE, written

TEXT = Path(HOUSE).read_text("utf-8")

NEW_LINE = "\n"

TEN_LINES = """\
[dialect]
name = "tiny"
path = "/say"
[request]
template = '{"q": "$prompt"}'
[[event]]
text = "/t"
"""

MISTAKES = {
    # what is replaced: (by what, what the message says)
    "[refusal]": ("[refusals]", "did you mean 'refusal'?"),
    "unknown_members =": ("unknown_member =", "did you mean 'unknown_members'?"),
    '"ignored"': ('"ignore"', "did you mean 'ignored'?"),
    'required = { "/message" = "string"': (
        'required = { "/message" = "strng"',
        "did you mean 'string'?",
    ),
    'required = { "/message"': ('required = { "/mesage"', "did you mean '/message'?"),
    'optional = ["/turns"': ('optional = ["turns"', "did you mean '/turns'?"),
    '"$prompt"': ('"$promt"', "did you mean '$prompt'?"),
    '"/detail" = "string"': ('"/detail" = "text"', "known are string, array"),
    "[400, 422]": ("[200]", "numbers from 400 to 499"),
    "keepalive =": ("keep_alive =", "did you mean 'keepalive'?"),
    '"event:ping"': ('"ping"', "write 'comment', 'event:KIND' or 'sse-event:NAME'"),
    'level = "must"': ('levl = "must"', "did you mean 'level'?"),
    'level = "must" ': ('level = "mus" ', "did you mean 'must'?"),
    'states = { open = "open" }': ('states = { opne = "open" }', "did you mean 'open'?"),
    'states = { open = "complete" }': (
        'states = { open = "completed" }',
        "did you mean 'complete'?",
    ),
    'text = "/delta"': ('txt = "/delta"', "did you mean 'text'?"),
    'text = "/delta" ': ('text = "delta"', "did you mean '/delta'?"),
    "json = false": ('json = "no"', "must be true or false"),
    'kind = "done"': ('kind = "message"', "matches first"),
    "finite = true": ("finte = true", "did you mean 'finite'?"),
    'fault = { prompt = "!fail" }': ('fault = { promt = "!fail" }', "did you mean 'prompt'?"),
    'name = "house"': ('name = "House"', "must be lower-case letters"),
    'name = "house" ': ('name = "openai"', "is taken"),
    'path = "/chat"': ('path = "chat"', "must begin with /"),
    "[[event]]": ("[event]", "with two brackets"),
    "unknown = ": ("unknown : ", "not TOML, column"),
}


@pytest.mark.parametrize(("right", "wrong"), MISTAKES.items(), ids=MISTAKES)
def test_a_mistake_is_one_line_with_its_place(
    right: str, wrong: tuple[str, str], tmp_path: Path
) -> None:
    text, says = wrong
    line = TEXT[: TEXT.index(right.strip())].count("\n") + 1
    file = written(tmp_path, TEXT.replace(right.strip(), text.strip(), 1))
    with pytest.raises(UnknownDialectError) as caught:
        dialect_named(file)
    message = str(caught.value)
    # What is wrong with an [[event]] as a whole stands at its beginning.
    assert message.startswith((f"{file}:{line}: ", f"{file}:{line - 1}: this [[event]]"))
    assert says in message
    assert "\n" not in message


LEVELS = {
    "'sse.event-tpe' = 'off'": "did you mean 'sse.event-type'?",
    "'payload.json' = 'of'": "did you mean 'off'?",
    "'headers.no-cache' = 'M'": "is MAY in a declared dialect, and a file may only lower that",
    "'house.order' = 'S'": "does not follow from this file",
    "'house.schema' = 'off'": "follows from the declaration",
    "'house.sentinel' = 'S'": "has its level in 'sentinel' of [stream]",
}


@pytest.mark.parametrize(("entry", "says"), LEVELS.items(), ids=LEVELS)
def test_a_level_may_only_be_lowered(entry: str, says: str, tmp_path: Path) -> None:
    file = written(tmp_path, f"{TEXT}\n[levels]\n{entry}\n")
    with pytest.raises(ValueError, match=rf"\.toml:{TEXT.count(NEW_LINE) + 3}: ") as caught:
        rules_of(file)
    assert says in str(caught.value)


def test_levels_are_lowered_and_switched_off(tmp_path: Path) -> None:
    levels = "[levels]\nsse.one-line = 'I'\n'payload.json' = 'S'\n'stream.gap' = 'off'\n"
    file = written(tmp_path, f"{TEXT}\n{levels}'sse.event-type' = 'off'\n")
    catalogue = rules_of(file).catalogue
    assert catalogue["sse.one-line"].level == "MAY"
    assert catalogue["payload.json"].level == "SHOULD"
    change = catalogue["payload.json"].change
    assert change is not None
    assert (change.declared, change.by) == ("MUST", f"[levels] in {file}")
    assert not {"stream.gap", "sse.event-type"} & set(catalogue)


def test_ten_lines_are_a_dialect_and_what_they_do_not_say_is_not_judged(tmp_path: Path) -> None:
    file = written(tmp_path, TEN_LINES)
    own = {id_ for id_ in rules_of(file).catalogue if id_.startswith("tiny.")}
    assert own == {"tiny.accepted", "tiny.schema", "tiny.text"}


def problem_of(file: str) -> str:
    """Return what is wrong with a file, or an empty string; whatever else is raised, is raised."""
    try:
        rules_of(file)
    except UnknownDialectError as error:
        return str(error)
    return ""


@settings(deadline=None, max_examples=examples(100))
@given(data=st.data())
def test_no_file_makes_the_reader_raise_anything_else(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    lines = TEXT.splitlines()
    at = data.draw(st.integers(0, len(lines) - 1))
    values = ["1", "true", '"x"', "[]", "{}", "[1]", '["x"]', "{ x = 1 }", "1.5", '""', "'{}'"]
    how = data.draw(st.sampled_from(["drop", "value", "twice", "cut"]))
    if how == "drop":
        del lines[at]
    elif how == "value":
        lines[at] = lines[at].partition("=")[0] + "= " + data.draw(st.sampled_from(values))
    elif how == "twice":
        lines.insert(at, lines[data.draw(st.integers(0, len(lines) - 1))])
    else:
        lines[at] = lines[at][: data.draw(st.integers(0, 40))]
    file = written(tmp_path_factory.mktemp("mutated"), "\n".join(lines))
    message = problem_of(file)
    assert not message or message.startswith(f"{file}:")
    assert "\n" not in message
