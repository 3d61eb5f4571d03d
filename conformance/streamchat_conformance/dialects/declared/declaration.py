"""What a file declares, as values: nothing here reads or judges anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

COMPLETE, FAILED = "complete", "failed"
"""The names of the two states that end a stream."""

NON_NULL, ABSENT = "non-null", "absent"
"""Words of a condition that are no literal."""

ALL_SCOPES = "*"
"""The name that stands for all scopes."""

JOINED = "joined"
"""The word for the text of all events; after a colon the name of a scope, for that of an id."""

NO_KIND = "absent"
"""The kind of events that have nothing where their kind should stand."""

Conditions = Mapping[str, Any]
"""JSON pointer to the literal that stands there, or to `NON_NULL` or `ABSENT`; all have to hold."""

Types = Mapping[str, tuple[str, ...]]
"""JSON pointer to the types that the value there may have."""


class UnknownMembers(StrEnum):
    """What a server does with members of a request that it does not know."""

    IGNORED = "ignored"
    REFUSED = "refused"
    UNSPECIFIED = "unspecified"


class SentinelLevel(StrEnum):
    """Whether data that is not JSON ends a stream."""

    MUST = "must"
    SHOULD = "should"
    MAY = "may"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class DeclaredRequestForm:
    """How requests look."""

    template: Any
    history_item: Any = None
    roles: Mapping[str, str] = field(default_factory=lambda: {"user": "user"})
    required: Types = field(default_factory=dict)
    optional: frozenset[str] = frozenset()
    unknown_members: UnknownMembers = UnknownMembers.UNSPECIFIED
    prompt_in_history: bool = False
    history: str = "body"
    continue_set: str = ""
    continue_from: str = ""
    prompt: str = "Hello"
    model: str = ""


@dataclass(frozen=True, slots=True)
class DeclaredRefusal:
    """How a request is refused."""

    statuses: tuple[int, ...] = ()
    """Empty: any 4xx."""
    media_type: str = ""
    require: Types = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeclaredCounter:
    """A number that rises with each event."""

    pointer: str
    step: int = 0
    """By how much; 0 where it only rises."""
    first: int | None = None
    """What the first event has, if that is declared."""


@dataclass(frozen=True, slots=True)
class DeclaredEvent:
    """One kind of event."""

    kind: str
    when: Conditions = field(default_factory=dict)
    text: str | None = None
    """Where the text stands; the empty pointer is the whole data."""
    replace: bool = False
    text_optional: bool = False
    text_unless: Conditions = field(default_factory=dict)
    require: Types = field(default_factory=dict)
    optional: Types = field(default_factory=dict)
    """Members that may be absent, and the types of those that are there."""
    values: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    """JSON pointer to the literals of which one stands there, if anything does."""
    states: Mapping[str, str] = field(default_factory=dict)
    scopes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The name of a scope to the pointers that make an id in it."""
    opens: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
    closes: frozenset[str] = frozenset()
    ensures: frozenset[str] = frozenset()
    """The scopes whose id is open afterwards, whether or not it was before."""
    once: bool = False
    """Whether what it opens may not be opened again once it was closed."""
    leaves_open: frozenset[str] = frozenset()
    """The scopes that need not be closed in a stream with this event, or `ALL_SCOPES`."""
    complete_when: Conditions = field(default_factory=dict)
    failed_when: Conditions = field(default_factory=dict)
    equal: Mapping[str, str] = field(default_factory=dict)
    """JSON pointer to `JOINED`, or to that and the name of a scope."""
    echo: Mapping[str, str] = field(default_factory=dict)
    json: bool = True
    data: bool = True
    """False: it may come without data, which most clients drop."""
    line: int = 1
    """Where it stands in the file."""

    @property
    def follows_end(self) -> bool:
        """Whether it may come after the end of a stream alone."""
        return bool(self.states) and {*self.states} <= {COMPLETE, FAILED}

    @property
    def is_kindless(self) -> bool:
        """Whether it stands for the events without a kind, where that stands at a pointer."""
        return self.kind == NO_KIND

    @property
    def is_family(self) -> bool:
        """Whether it stands for all kinds that begin alike."""
        return self.kind.endswith("*")

    def is_of_kind(self, name: str) -> bool:
        """Return whether a kind's name is this one's, or begins as it says."""
        return name.startswith(self.kind[:-1]) if self.is_family else name == self.kind

    def leads_to(self, state: str) -> bool:
        """Return whether an event of this kind may end a stream in a final state."""
        when = self.complete_when if state == COMPLETE else self.failed_when
        return bool(when) or state in self.states.values()


@dataclass(frozen=True, slots=True)
class DeclaredStream:
    """How a stream looks."""

    kind: str = ""
    """`event`, a pointer, or empty where all events are of one kind."""
    start: str = "open"
    sentinel: str = ""
    sentinel_level: SentinelLevel = SentinelLevel.MAY
    keepalive_names: frozenset[str] = frozenset()
    """The names of events that may come at any time, with any data."""
    keepalive_kinds: frozenset[str] = frozenset()
    """The kinds of events that may come at any time."""
    unknown_red: bool = False
    complete_at_eof: bool = False
    counter: DeclaredCounter | None = None
    same: tuple[str, ...] = ()
    unique: tuple[str, ...] = ()
    event_names: str = ""
    """`kind` where each event is named as its kind, `kind-or-none` where it may have no name."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Field lines that each stream has."""
    lf: bool = False
    """Whether lines end with LF alone."""

    @property
    def by_pointer(self) -> bool:
        """Whether an event's kind stands at a pointer in its data."""
        return self.kind.startswith("/")


@dataclass(frozen=True, slots=True)
class Authorization:
    """What carries a key, which stands in an environment variable."""

    header: str
    prefix: str
    variable: str
    parameter: str = ""
    """The query parameter that carries it, in place of the field `header`."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """Everything that a file declares."""

    name: str
    path: str
    file: str
    request: DeclaredRequestForm
    stream: DeclaredStream
    events: tuple[DeclaredEvent, ...]
    title: str = ""
    refusal: DeclaredRefusal | None = None
    levels: Mapping[str, str] = field(default_factory=dict)
    level_lines: Mapping[str, int] = field(default_factory=dict)
    """Where each of them stands in the file."""
    headers: tuple[tuple[str, str], ...] = ()
    """Field lines of every request."""
    capabilities: Mapping[str, bool] = field(default_factory=dict)
    triggers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Capability to the table that a target file would have for it."""
    authorization: Authorization | None = None

    @property
    def compared_scopes(self) -> frozenset[str]:
        """The scopes of which the text of an id comes once more."""
        words = (word for kind in self.events for word in kind.equal.values())
        return frozenset(name for word in words if (name := word.partition(":")[2]))

    def kinds_of(self, name: str | None) -> list[DeclaredEvent]:
        """Return what declares events of a kind: those of its very name first."""
        if name is None:
            return [kind for kind in self.events if self.stream.by_pointer and kind.is_kindless]
        exact = [kind for kind in self.events if kind.kind == name]
        return exact + [kind for kind in self.events if kind.is_family and kind.is_of_kind(name)]

    @property
    def dataless_names(self) -> frozenset[str]:
        """The names of events that may come without data."""
        named = (kind.kind for kind in self.events if not kind.data)
        return self.stream.keepalive_names.union(named)

    @property
    def has_terminal(self) -> bool:
        """Whether some event completes a stream."""
        return any(kind.leads_to(COMPLETE) for kind in self.events)

    @property
    def has_failure(self) -> bool:
        """Whether some event reports a failure."""
        return any(kind.leads_to(FAILED) for kind in self.events)

    @property
    def has_order(self) -> bool:
        """Whether some event may not come in some state before the end, or for some id."""
        before = {self.stream.start}.union(
            *({*kind.states, *kind.states.values()} for kind in self.events)
        ) - {COMPLETE, FAILED}
        return any(kind.scopes or (kind.states and before - {*kind.states}) for kind in self.events)

    @property
    def ends_by_sentinel(self) -> bool:
        """Whether nothing but the sentinel shows that a stream is complete."""
        must = self.stream.sentinel_level is SentinelLevel.MUST
        return bool(self.stream.sentinel) and must and not self.has_terminal

    @property
    def has_text(self) -> bool:
        """Whether some event carries text."""
        return any(kind.text is not None for kind in self.events)
