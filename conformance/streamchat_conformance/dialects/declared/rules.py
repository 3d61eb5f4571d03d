"""The requirements that follow from a declaration, and what decides each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from streamchat_conformance.catalogue import (
    FAULT,
    MAY,
    MUST,
    SHOULD,
    Declarations,
    Level,
    Requirement,
)
from streamchat_conformance.core.expectation import Expectation
from streamchat_conformance.core.finding import Nonconformity
from streamchat_conformance.core.strict_json import read_json
from streamchat_conformance.dialects.declared.classification import lacking_member
from streamchat_conformance.dialects.declared.declaration import (
    COMPLETE,
    FAILED,
    Declaration,
    SentinelLevel,
    UnknownMembers,
)
from streamchat_conformance.dialects.declared.levels import check_levels
from streamchat_conformance.dialects.declared.machine import DeclaredMachine, run_machine
from streamchat_conformance.dialects.declared.refusals import lacking
from streamchat_conformance.dialects.interface import Dialect
from streamchat_conformance.judges.error import is_large, is_refusal
from streamchat_conformance.judges.head import show_field, stream_head
from streamchat_conformance.judges.judge import Evidence, Judges, Verdict
from streamchat_conformance.judges.payload import block_nonconformity
from streamchat_conformance.judges.reading import Reading
from streamchat_conformance.judges.request import answer, declare_rows
from streamchat_conformance.judges.sse import show

DECLARATIONS = Declarations()
JUDGES = Judges(DECLARATIONS)
"""Nothing: what a file declares has requirements of its own (`made_for`)."""

_LEVELS = {SentinelLevel.SHOULD: SHOULD, SentinelLevel.MAY: MAY}


SOURCE = "the declaration of the dialect"


def made_for(dialect: Dialect, shared: Mapping[str, Requirement]) -> tuple[Declarations, Judges]:
    """Return the requirements of a declared dialect, and their judges.

    Raises DeclarationError where the file changes a level that it may not change.
    """
    declaration, source = declaration_of(dialect), SOURCE
    check_levels(declaration, shared, frozenset(own_rows(declaration)))
    declarations = Declarations()
    judges = Judges(declarations)
    for suffix, title in _of_several_streams(declaration):
        id_ = f"{declaration.name}.{suffix}"
        level = level_of(declaration, id_)
        declarations.declare(Requirement(id=id_, level=level, title=title, source=source))
    for suffix, expectation, title in _kinds_of_requests(declaration):
        id_ = f"{declaration.name}.{suffix}"
        row = (id_, level_of(declaration, id_), title, source)
        declare_rows(judges, expectation, [row])
        if suffix == "required":
            _name_members(judges, declaration)
    for suffix, level, title, decide, evidence in _rows(declaration):
        id_ = f"{declaration.name}.{suffix}"
        own = level_of(declaration, id_, level)
        needs = (FAULT,) if suffix == "failed-event" else ()
        declared = judges.judge(id_, own, title, source=source, needs=needs, evidence=evidence)
        declared(partial(decide, declaration))
    return declarations, judges


def own_rows(declaration: Declaration) -> Iterator[str]:
    """Yield the ids of the requirements that follow from a declaration."""
    for row in (
        *_of_several_streams(declaration),
        *_kinds_of_requests(declaration),
        *_rows(declaration),
    ):
        yield f"{declaration.name}.{row[0]}"


def level_of(declaration: Declaration, id_: str, level: Level = MUST) -> Level:
    """Return the level of one of its own requirements: a file may lower it."""
    word = declaration.levels.get(id_)
    return Level(word) if word is not None else level


def declaration_of(dialect: Dialect) -> Declaration:
    """Return what the dialect's file declares. Raises TypeError for a dialect of another kind."""
    if not isinstance(dialect.declaration, Declaration):
        raise TypeError(f"no file declares the dialect {dialect.name}")
    return dialect.declaration


def _of_several_streams(declaration: Declaration) -> Iterator[tuple[str, str]]:
    if declaration.stream.unique:
        yield "unique", "What is declared unique differs from stream to stream."
    if declaration.request.continue_set:
        yield "continue", "A conversation goes on under the value that its first stream gave."


def _kinds_of_requests(declaration: Declaration) -> Iterator[tuple[str, Expectation, str]]:
    form = declaration.request
    yield "accepted", Expectation.ACCEPT, "A request of the declared form gets an event stream."
    if form.required:
        yield (
            "required",
            Expectation.REFUSE,
            "A request that lacks a required member, or has another type there, is refused.",
        )
    if form.unknown_members is UnknownMembers.IGNORED:
        yield "unknown-members", Expectation.ACCEPT, "Unknown members are ignored."
    if form.unknown_members is UnknownMembers.REFUSED:
        yield "unknown-members", Expectation.REFUSE, "Unknown members are refused."


def _name_members(judges: Judges, declaration: Declaration) -> None:
    """Let the requirement on required members say which one is lacking."""
    id_ = f"{declaration.name}.required"
    judge = judges.by_id[id_]

    def decide(reading: Reading) -> Verdict:
        findings = judge.decide(reading)
        sent = reading.asked.sent
        if not findings or sent is None:
            return findings
        lacking = lacking_member(declaration.request, read_json(sent.body).value)
        return [replace(each, message=f"a request {lacking} was not refused") for each in findings]

    judges.by_id[id_] = replace(judge, decide=decide)


Decide = Callable[[Declaration, Reading], Verdict]
RowOfStreams = tuple[str, Level, str, Decide, Evidence]


def _rows(declaration: Declaration) -> Iterator[RowOfStreams]:
    stream, events = declaration.stream, declaration.events
    part, whole = Evidence.PART, Evidence.WHOLE
    if declaration.refusal is not None:
        yield "refusal", MUST, "A refusal looks as declared.", _refusal, whole
    ends = declaration.has_terminal or declaration.has_failure
    of_events = {
        "schema": (
            any(
                kind.require
                or kind.optional
                or kind.values
                or (kind.text is not None and not kind.text_optional)
                for kind in events
            ),
            "Each event has the declared members, of the declared types.",
        ),
        "order": (
            declaration.has_order,
            "Events come in the declared order.",
        ),
        "event-names": (bool(stream.event_names), "Each event is named as its kind."),
        "after-terminal": (ends, "No event that may not come then follows the end."),
        "names": (stream.unknown_red, "Only declared kinds of events come."),
        "counter": (stream.counter is not None, _counter_title(declaration)),
        "same": (bool(stream.same), "What is declared the same is the same in all events."),
        "final-text": (
            any(kind.equal for kind in events),
            "A text that comes once more is that of the events before it.",
        ),
        "echo": (any(kind.echo for kind in events), "Declared members repeat the request."),
    }
    for suffix, (follows, title) in of_events.items():
        if follows:
            yield suffix, MUST, title, partial(_of_events, suffix), part
    if declaration.has_terminal and not stream.complete_at_eof:
        title = "A stream that ends has the declared end, or reports a failure."
        yield "terminal", MUST, title, _terminal, whole
    if declaration.has_failure:
        title = "A failure in mid-stream is the declared event."
        yield "failed-event", MUST, title, _failed_event, whole
    if stream.sentinel:
        never = stream.sentinel_level is SentinelLevel.NEVER
        title = "No sentinel comes." if never else "A complete stream ends with the sentinel."
        yield "sentinel", _LEVELS.get(stream.sentinel_level, MUST), title, _sentinel, whole
    if stream.headers:
        yield "headers", MUST, "A stream has the declared field lines.", _headers, Evidence.KEPT
    if stream.lf:
        yield "line-ends", MUST, "Lines of a stream end with LF alone.", _line_ends, part
    if declaration.has_text:
        yield "text", MUST, "A plain request is answered by text.", _text, whole


def _counter_title(declaration: Declaration) -> str:
    counter = declaration.stream.counter
    by = f" by {counter.step}" if counter is not None and counter.step else ""
    return f"The declared counter rises{by} with each event."


def machine_of(reading: Reading) -> DeclaredMachine | None:
    """Return the machine that followed a valid request's stream; None for any other exchange."""
    return reading.derived(_machine)


def _machine(reading: Reading) -> DeclaredMachine | None:
    declaration = reading.dialect.declaration
    if not reading.judges_stream or not isinstance(declaration, Declaration):
        return None
    return run_machine(declaration, reading.stream.blocks, reading.payloads)


def _of_events(row: str, _: Declaration, reading: Reading) -> Verdict:
    machine = machine_of(reading)
    if machine is None:
        return None
    problems = [problem for problem in machine.problems if problem.row == row]
    if problems:
        return [
            block_nonconformity(reading, each.block, each.message, each.expected)
            for each in problems[:3]
        ]
    if row == "echo":
        return _echo(machine, reading)
    if row in ("counter", "same", "final-text") and row not in machine.seen:
        return None
    if row == "after-terminal" and machine.state not in (COMPLETE, FAILED):
        return None
    return [] if reading.events else None


def _echo(machine: DeclaredMachine, reading: Reading) -> Verdict:
    if not machine.echoes:
        return None
    for block, word, pointer, values in machine.echoes:
        wanted = reading.asked.values.get(word.removeprefix("$"))
        if wanted and values != [wanted]:
            message = f"{pointer} does not repeat {word}"
            return [block_nonconformity(reading, block, message, repr(wanted)[:160])]
    return []


def _headers(declaration: Declaration, reading: Reading) -> Verdict:
    head = stream_head(reading)
    if head is None:
        return None
    for name, wanted in declaration.stream.headers.items():
        if wanted.strip() not in [value.strip() for value in head.values(name)]:
            message = f"a stream comes without the declared field {name}"
            return [
                Nonconformity(message, f"{name}: {wanted}", show_field(head, name), head.offset)
            ]
    return []


def _line_ends(_: Declaration, reading: Reading) -> Verdict:
    if not reading.judges_stream or not reading.stream.lines:
        return None
    odd = next((line for line in reading.stream.lines if line.ending not in (b"\n", b"")), None)
    if odd is None:
        return []
    message = "a line does not end with LF alone"
    received = show(odd.content[:120] + odd.ending)
    return [Nonconformity(message, "LF", received, reading.wire(odd))]


def _tail(reading: Reading) -> str:
    return show(reading.body[-160:])


def _terminal(_: Declaration, reading: Reading) -> Verdict:
    machine = machine_of(reading)
    if machine is None or not reading.ended_well or not reading.events:
        return None
    if machine.state in (COMPLETE, FAILED):
        return []
    # What could not be read may have been the end.
    if machine.blind or reading.json_broken:
        return None
    message = f"the stream ends in the state {machine.state!r}: it looks as if it was cut"
    return [Nonconformity(message, "the event that completes it", _tail(reading))]


def _failed_event(_: Declaration, reading: Reading) -> Verdict:
    """Return nothing wrong where a failure is reported; the case knows which streams fail."""
    machine = machine_of(reading)
    return None if machine is None or machine.failure is None else []


def _sentinel(declaration: Declaration, reading: Reading) -> Verdict:
    machine = machine_of(reading)
    if machine is None:
        return None
    sentinel = declaration.stream.sentinel
    if declaration.stream.sentinel_level is SentinelLevel.NEVER:
        if machine.sentinel is None:
            return [] if reading.ended_well else None
        message = "the sentinel comes, and clients read it as JSON"
        return [block_nonconformity(reading, machine.sentinel, message, "JSON events alone")]
    after = [problem for problem in machine.problems if problem.row == "sentinel"]
    if after:
        return [
            block_nonconformity(reading, each.block, each.message, each.expected)
            for each in after[:1]
        ]
    if machine.sentinel is not None:
        return []
    if not reading.ended_well or (machine.state != COMPLETE and declaration.has_terminal):
        return None
    if machine.state == FAILED:
        return None
    if declaration.stream.sentinel_level is SentinelLevel.MAY:
        return []
    return [Nonconformity("the stream ends without its sentinel", sentinel, _tail(reading))]


def _text(declaration: Declaration, reading: Reading) -> Verdict:
    machine = machine_of(reading)
    if machine is None or reading.asked.row != f"{declaration.name}.accepted":
        return None
    if machine.pieces:
        return []
    complete = machine.state == COMPLETE or not declaration.has_terminal
    unclear = machine.blind or bool(machine.problems) or machine.state == FAILED
    if not reading.ended_well or not complete or unclear or not reading.events:
        return None
    message = "the stream is complete, and no event had any text"
    return [Nonconformity(message, "an event with text", _tail(reading))]


def _refusal(declaration: Declaration, reading: Reading) -> Verdict:
    refusal = declaration.refusal
    if refusal is None or not (is_refusal(reading) or reading.redirected):
        return None
    allowed = {*refusal.statuses}
    if is_large(reading):
        allowed.add(413)
    if reading.asked.row == "request.media-type-not-json":
        allowed.add(415)
    problem = ""
    if refusal.statuses and reading.status not in allowed:
        problem = f"the status is {reading.status}"
    elif refusal.media_type and reading.essence != refusal.media_type:
        problem = f"the media type is {reading.essence or 'absent'}"
    elif refusal.require and reading.ended_well:
        parsed = read_json(reading.body)
        problem = (
            f"the body is not JSON: {parsed.error.message}"
            if parsed.error is not None
            else lacking(parsed.value, refusal.require)
        )
    if not problem:
        return []
    statuses = " or ".join(map(str, refusal.statuses)) or "a 4xx"
    shape = reading.dialect.refusals.example if refusal.require else ""
    expected = ", ".join(filter(None, (statuses, refusal.media_type, shape)))
    return [Nonconformity(problem, expected, answer(reading))]
