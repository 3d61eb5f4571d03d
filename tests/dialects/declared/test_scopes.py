"""Ids that a stream opens, uses and closes; and what else a declaration says of single events."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from streamchat_conformance.dialects.registry import UnknownDialectError, dialect_named
from streamchat_conformance.judges import rules_of

from .streams import STREAM, event, own_red, written


def said(kind: str, name: str = "", **members: object) -> str:
    """Return an event whose kind is its type."""
    return event(json.dumps({"type": kind, **members}), name)


CHOICES = """\
[dialect]
name = "choices"
path = "/c"
[request]
template = '{"q": "$prompt"}'
[stream]
kind = "/type"
[[event]]
kind = "begin"
scope = { choice = "/n" }
opens = true
once = true
states = { open = "open" }
[[event]]
kind = "text"
text = "/t"
scope = { choice = "/n" }
needs = true
states = { open = "open" }
[[event]]
kind = "end"
scope = { choice = "/of" }
closes = true
equal = { "/text" = "joined:choice" }
states = { open = "open" }
[[event]]
kind = "usage"
states = { complete = "complete" }
[[event]]
kind = "bye"
states = { open = "complete" }
"""

FIRST, SECOND = said("begin", n=0), said("begin", n=1)
A, B = said("text", n=0, t="a"), said("text", n=0, t="b")
X = said("text", n=1, t="x")
ENDS = said("end", of=1, text="x") + said("end", of=0, text="ab")
BYE, USAGE = said("bye"), said("usage")

CHOICE_STREAMS = {
    "interleaved": (FIRST + SECOND + A + X + B + ENDS + BYE + USAGE, set()),
    "with the text of another one": (
        FIRST + SECOND + A + X + B + ENDS.replace('"x"', '"ab"') + BYE,
        {"final-text"},
    ),
    "left open": (FIRST + SECOND + A + X + said("end", of=0, text="a") + BYE, {"order"}),
    "opened again": (
        (FIRST + A + said("end", of=0, text="a")) * 2 + BYE,
        {"order"},
    ),
    "with text after its end": (FIRST + A + said("end", of=0, text="a") + A + BYE, {"order"}),
    "with an id of another type": (FIRST + A.replace("0", '"0"') + ENDS + BYE, {"order"}),
    "with what follows the end before it": (
        FIRST + A + said("end", of=0, text="a") + USAGE + BYE,
        {"order"},
    ),
    "with what follows the end, which is missing": (
        FIRST + A + said("end", of=0, text="a") + USAGE,
        {"terminal"},
    ),
}


@pytest.mark.parametrize(("answer", "red"), CHOICE_STREAMS.values(), ids=CHOICE_STREAMS)
def test_interleaved_answers_break_what_they_should(
    answer: str, red: set[str], tmp_path: Path
) -> None:
    assert own_red(written(tmp_path, CHOICES), answer) == red


TREE = """\
[dialect]
name = "tree"
path = "/t"
[request]
template = '{"q": "$prompt"}'
[stream]
kind = "/type"
event_names = "kind"
[[event]]
kind = "doc"
scope = { doc = "/d" }
opens = true
states = { open = "open" }
[[event]]
kind = "part"
scope = { doc = "/d", part = ["/d", "/p"] }
needs = "doc"
ensures = "part"
states = { open = "open" }
[[event]]
kind = "text"
text = "/t"
scope = { part = ["/d", "/p"] }
needs = true
states = { open = "open" }
[[event]]
kind = "part-end"
scope = { part = ["/d", "/p"] }
closes = true
states = { open = "open" }
[[event]]
kind = "doc-end"
scope = { doc = "/id" }
closes = true
states = { open = "open" }
[[event]]
kind = "stop*"
leaves_open = "part"
values = { "/why" = ["full", 7] }
optional = { "/note" = "string" }
states = { open = "complete" }
[levels]
"tree.schema" = "S"
"""

DOC = said("doc", "doc", d="A")
PART = said("part", "part", d="A", p=1)
SAYS = said("text", "text", d="A", p=1, t="x")
PART_END = said("part-end", "part-end", d="A", p=1)
DOC_END = said("doc-end", "doc-end", id="A")
STOP = said("stop-here", "stop-here")
WHOLE = DOC + PART + SAYS + PART_END + DOC_END + STOP

TREE_STREAMS = {
    "sound": (WHOLE, set()),
    "with a part that stays open": (WHOLE.replace(PART_END, ""), set()),
    "with a part that is ensured twice": (WHOLE.replace(PART, PART + PART), set()),
    "opened again": (DOC + DOC_END + WHOLE, set()),
    "with a document that stays open": (WHOLE.replace(DOC_END, ""), {"order"}),
    "with a part of another document": (WHOLE.replace(PART, PART.replace("A", "B")), {"order"}),
    "with text of another part": (WHOLE.replace(SAYS, SAYS.replace("1", "2")), {"order"}),
    "with another name": (WHOLE.replace("event: text", "event: txt"), {"event-names"}),
    "without a name": (WHOLE.replace("event: text\n", ""), {"event-names"}),
    "with a value that is listed": (WHOLE.replace(STOP, said("stop", "stop", why=7)), set()),
    "with another value": (WHOLE.replace(STOP, said("stop", "stop", why="x")), {"schema"}),
    "with null for what may be absent": (
        WHOLE.replace(STOP, said("stop", "stop", note=None)),
        {"schema"},
    ),
}


@pytest.mark.parametrize(("answer", "red"), TREE_STREAMS.values(), ids=TREE_STREAMS)
def test_nested_ids_break_what_they_should(answer: str, red: set[str], tmp_path: Path) -> None:
    file = written(tmp_path, TREE)
    assert own_red(file, answer) == red
    assert rules_of(file).catalogue["tree.schema"].level == "SHOULD"


HEAD = TREE.replace("event_names", 'line_ends = "lf"\nheaders = { X-Stream = "v1" }\nevent_names')


def test_fields_and_line_ends_are_judged_where_they_are_declared(tmp_path: Path) -> None:
    file = written(tmp_path, HEAD)
    head = f"{STREAM}\r\nx-stream: v1"
    assert own_red(file, WHOLE, head=head) == set()
    assert own_red(file, WHOLE) == {"headers"}
    assert own_red(file, WHOLE.replace("\n", "\r\n"), head=head) == {"line-ends"}
    assert "sse.line-endings" not in rules_of(file).catalogue


def test_each_turn_has_an_id_of_its_own(tmp_path: Path) -> None:
    text = CHOICES.replace(
        """'{"q": "$prompt"}'""",
        """'{"a": "$uuid", "b": "$uuid2", "turns": "$history"}'
history_item = '{"id": "$uuid", "who": "$role", "text": "$text"}'
prompt_in_history = true""",
    )
    dialect = dialect_named(written(tmp_path, text))
    recalled = dialect.requests.recalling(dialect.requests.plain[0], "Hi")
    value = json.loads(recalled.body())
    ids = [value["a"], value["b"], *(turn["id"] for turn in value["turns"])]
    assert len(set(ids)) == 5


MISTAKES = {
    "opens = true\nonce = true\n": ("", "no event opens the scope 'choice'"),
    'needs = true\nstates = { open = "open" }\n[[event]]\nkind = "end"': (
        'needs = "choise"\nstates = { open = "open" }\n[[event]]\nkind = "end"',
        "did you mean 'choice'?",
    ),
    '"joined:choice"': ('"joined:choise"', "'joined:choice'"),
    "once = true\n": ("once = 1\n", "must be true or false"),
    '{ choice = "/n" }\nopens': ('{ choice = ["/n", "/m"] }\nopens', "has 2 pointers elsewhere"),
    'kind = "/type"': ('kind = "/type"\nevent_names = "kinds"', "did you mean 'kind'?"),
    'kind = "bye"': ('kind = "bye"\nvalues = { "/why" = "x" }', "must be an array of literals"),
    '\nkind = "bye"': ('\nkind = "bye"\nleaves_open = "choise"', "did you mean 'choice'?"),
}


@pytest.mark.parametrize(("before", "change"), MISTAKES.items(), ids=MISTAKES)
def test_a_mistake_is_one_line(before: str, change: tuple[str, str], tmp_path: Path) -> None:
    assert before in CHOICES
    file = written(tmp_path, CHOICES.replace(before, change[0], 1))
    with pytest.raises(UnknownDialectError) as caught:
        rules_of(file)
    assert str(caught.value).startswith(f"{file}:")
    assert change[1] in str(caught.value)
    assert "\n" not in str(caught.value)
