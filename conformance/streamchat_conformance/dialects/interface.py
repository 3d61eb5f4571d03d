"""The interface of a dialect: the one seam between HTTP and what an endpoint says.

A dialect is a value without state and without I/O. It says what a request should be answered
with, what the events of a stream say, and how plain requests look. Shared code sees only what
is declared here, and never the name of a member of a dialect's JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from streamchat_conformance.catalogue import COMMON, Capability, Level
from streamchat_conformance.core.eventstream import Block
from streamchat_conformance.core.expectation import Expectation
from streamchat_conformance.core.http_request import Body, HttpRequest
from streamchat_conformance.core.json_place import BodyPlaces
from streamchat_conformance.core.sent_request import SentRequest
from streamchat_conformance.core.strict_json import JsonReading

Payloads = Sequence[tuple[Block, JsonReading]]
"""Each event that has data in well-formed UTF-8, with that data read as JSON."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks, and its expected outcome.

    `rows` are the ids of the requirements that it exercises, the one that decides first; `also`
    are those about other things that are special in it, which may explain why it went wrong.
    `values` are the values that the user wrote, by name. `texts` are the error texts that
    apply, in the order of the checks. `broken_form` says that the body is not what its media
    type says, so that what reads forms may refuse it before the endpoint has a say.
    """

    expectation: Expectation
    rows: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    sent: SentRequest | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    also: frozenset[str] = frozenset()
    broken_form: bool = False

    @property
    def involved(self) -> frozenset[str]:
        """Every requirement that is about something in this request."""
        return self.also.union(self.rows)

    @property
    def row(self) -> str:
        """The requirement that decides, or an empty string."""
        return self.rows[0] if self.rows else ""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of the answer's text, and the event that brought it."""

    text: str
    block: Block


@dataclass(frozen=True, slots=True)
class Content:
    """What the events of a stream say."""

    pieces: tuple[Piece, ...] = ()
    """The answer's text, in order."""
    finished: bool = False
    """Whether the dialect's own sign of a complete answer came."""
    failure: Block | None = None
    """The event that reports a failure, or None."""
    no_room: bool = False
    """Whether that failure is all, and says that the server has no room now."""
    echoes: tuple[Mapping[str, Any], ...] = ()
    """What each event repeats of the request, by the names of `Asked.values`; mostly nothing."""
    thoughts: tuple[Block, ...] | None = None
    """The events that bring reasoning or calls; None in dialects that do not know them."""

    @property
    def said(self) -> list[Block]:
        """The events that bring some of the answer, in order."""
        by_index = {piece.block.index: piece.block for piece in self.pieces}
        by_index |= {block.index: block for block in self.thoughts or ()}
        return [by_index[index] for index in sorted(by_index)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """What is particular to one server of a dialect; what is not known is empty."""

    model: str = ""
    """The name that requests ask for, where a dialect has one."""
    prompt: str = ""
    """What a plain request says, where not every text is answered."""
    cap: int | None = None
    """The most tokens that an ordinary answer may have."""
    cap_name: str = ""
    """The member that says so, where a dialect has several."""
    slots: int | None = None
    """How many requests it serves at once, where that is known."""
    context: int | None = None
    """How many tokens a prompt and its answer may have together, where that is known."""
    prompts: Mapping[str, str] = field(default_factory=dict)
    """Prompts by which it shows a feature, by the feature's name (see `Dialect.prompts`)."""
    skip_large: bool | None = None
    """Whether it is sent no large prompts at all (True), or the largest as well (False); None:
    those that the dialect does not find too costly."""
    answers: str = ""
    """What its answers are made of (see `Dialect.answers`), where that is known."""
    refusal_s: float | None = None
    """How long a refusal may take (seconds); None: as long as the dialect says."""
    members: Mapping[str, Any] = field(default_factory=dict)
    """Members of every request in addition to the dialect's own."""


class Requests(Protocol):
    """How requests of a dialect look."""

    @property
    def plain(self) -> Sequence[Body]:
        """Plain requests; the first one is the dialect's own example.

        A server that refuses some of them is judged with the first one that it accepts.
        """

    @property
    def refusable(self) -> Sequence[HttpRequest]:
        """Invalid requests, each refused for another reason; the first lacks its text."""

    def saying(self, plain: Body, text: str) -> Body:
        """Return a request like `plain` that says `text`."""

    def recalling(self, plain: Body, text: str) -> Body:
        """Return a request like `plain` whose earlier turns say `text`."""

    def everywhere(self, plain: Body, text: str) -> Sequence[Body]:
        """Return requests like `plain`, one for each kind of place that text may stand in."""

    @property
    def invalid(self) -> Sequence[HttpRequest]:
        """One request for each way in which a request may have to be refused."""

    @property
    def invalid_and_large(self) -> Sequence[bytes]:
        """Invalid bodies of 50 KB and more, large in every place that a refusal may repeat."""

    @property
    def declarable(self) -> Collection[str]:
        """The keys of the table that `declared` reads."""

    def declared(self, table: Mapping[str, Any]) -> Body:
        """Return the request that a user describes in the target file.

        Raises ValueError, with a message that names the key and what would be right.
        """

    def special(self, plain: Body, asked: Asked) -> frozenset[str]:
        """Return the requirements about what is special in a request, compared with `plain`."""


class Repeatable(Protocol):
    """Places for text that a server may repeat outside the data, where it may do most harm."""

    @property
    def names(self) -> Sequence[str]:
        """The places, by a word for each."""

    def request(self, plain: Body, text: str, names: Sequence[str]) -> Body:
        """Return a request like `plain` with the text in some of these places at once."""


class Refusals(Protocol):
    """How a dialect reports that a request is refused, or that an answer failed."""

    @property
    def example(self) -> str:
        """The shape, for messages."""

    @property
    def failure_example(self) -> str:
        """The event that reports a failure in mid-stream, for messages."""

    @property
    def not_json(self) -> tuple[str, ...]:
        """The wordings, if the dialect fixes any, for a body that is no JSON object."""

    def text(self, body: bytes) -> str | None:
        """Return the error text in a refusal's body, or None."""

    def reports_error(self, value: Any) -> bool:
        """Return whether a JSON value reports an error."""

    def problem(self, value: Any) -> str:
        """Return what is wrong with the JSON value of a refusal, or an empty string."""


class SurveyAnswer(Protocol):
    """What came of a request, as far as a capability shows in it."""

    @property
    def status(self) -> int:
        """The final status, or 0 when no response head came."""

    @property
    def refused(self) -> bool:
        """Whether the request was refused: a 4xx that is no event stream."""

    @property
    def ended_well(self) -> bool:
        """Whether the body ended as its framing says, with nothing lost."""

    @property
    def body(self) -> bytes:
        """The body, as far as it came."""

    @property
    def payloads(self) -> Payloads:
        """The events of a stream, with their data read as JSON."""

    @property
    def content(self) -> Content:
        """What the events say."""


class Survey(Protocol):
    """A target before its first case, as far as capabilities are detected on it."""

    @property
    def plain(self) -> Body:
        """The plainest request that the target accepts."""

    def ask(self, request: HttpRequest, *, label: str) -> SurveyAnswer:
        """Send a request and read its answer to the end, within the run's limits."""

    def ask_anonymously(self, request: HttpRequest, *, label: str) -> SurveyAnswer:
        """Send a request without the user's own header fields."""


Detector = Callable[[Survey], str]
"""Returns why a target seems to lack a capability, in a few words, or an empty string."""


def bearer(key: str) -> tuple[str, str]:
    """Return the field line of RFC 6750 that carries a key."""
    return "Authorization", f"Bearer {key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One way to ask for a streamed answer, and to give it."""

    name: str
    """The word of `--dialect`."""
    title: str
    """One line for people."""
    path: str
    """Default path of the endpoint."""
    requests: Requests
    refusals: Refusals
    asked: Callable[[SentRequest, JsonReading], Asked]
    """What an ordinary POST to the endpoint asks whose body is the JSON object that was read."""
    content: Callable[[Payloads], Content]
    """What the events of a stream say. Never raises, whatever they are."""
    package: str
    """The package of the dialect: what its `rules` declare stands in its packages `judges` and
    `cases`, and its folder `texts` explains it."""
    reference_options: tuple[str, ...] = ()
    """Options of the embedded reference server, so that it shows every capability."""
    base: str = ""
    """How the URLs end that client libraries take for this path: the path begins with it."""
    plain_row: str = "request.valid-accepted"
    """The requirement that plain requests are accepted."""
    deployed: Callable[[Dialect, Deployment], Dialect] | None = None
    """Returns the dialect with requests for one deployment, where deployments differ."""
    discovery: Callable[[Deployment, str], HttpRequest | None] | None = None
    """Returns a request that finds out what is not known of a deployment, given the endpoint's
    path, or None where nothing is to be found out."""
    discovered: Callable[[Deployment, bytes], Deployment] | None = None
    """Returns the deployment with what the body of the answer to that request says of it."""
    accepted: Callable[[Deployment, Body], Deployment] | None = None
    """Returns the deployment with what the plain request that it accepts shows of it."""
    fields: tuple[tuple[str, str], ...] = ()
    """The field lines of every request, unless the user or a request has others of their names."""
    credentials: Callable[[str], tuple[str, str]] = bearer
    """Returns the field line that carries a key."""
    first_event_s: float | None = None
    """How long the first event may take unless the user says otherwise, where that is long."""
    refusal_s: float | None = None
    """How long a refusal may take unless the user says otherwise (seconds); None: as long as the
    first event."""
    places: Callable[[Body], BodyPlaces] | None = None
    """The places of a request like a plain one; None where `requests` shows them all."""
    hostile: Callable[[Body], tuple[bytes, ...]] | None = None
    """Bodies, made of a plain one, at which servers of the dialect have failed; of a dialect with
    `places` those have them."""
    repeatable: Repeatable | None = None
    """Places for text that a server may repeat outside the data; None for the text of a request
    and of its earlier turns."""
    sentinel: str | None = None
    """The data of an event that marks the end and is not JSON, where the dialect has one."""
    content_events: frozenset[str] = frozenset({"message"})
    """The names of the events that carry the answer; `message` is an event without a name."""
    failure_events: frozenset[str] = frozenset({"error"})
    """The names of the events that report a failure in mid-stream."""
    capabilities: Mapping[Capability, Detector | None] = field(default_factory=dict)
    """What servers of this dialect may show in addition to `COMMON`, and how it is detected;
    None where the user declares it. `ECHO` is detected by what `content` finds. A shared
    requirement that needs a capability which is not here does not exist in this dialect."""
    queues: bool = False
    """Whether servers of this dialect may serve one stream after the other, as a model on one
    machine does: unless it is declared how many they serve at once, no stream has to progress next
    to another."""
    overload_statuses: frozenset[int] = frozenset()
    """The statuses other than 429 and 503 by which a server says that it has no room now."""
    levels: Mapping[str, Level] = field(default_factory=dict)
    """Shared requirements that weigh more or less in this dialect, by id."""
    ends: frozenset[str] = frozenset()
    """Its own requirements that a stream breaks which is cut."""
    explains: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Effect to causes: where a cause is red, the effect is blocked by it and not red again."""
    request_rows: tuple[str, ...] = ()
    """Its own requirements, or globs, that say nothing where the request is only assumed."""
    answers: Mapping[str, Mapping[Capability, bool]] = field(default_factory=dict)
    """What answers may be made of, such as the words of a model: what a target file may call it,
    and the capabilities that such a server has (True) and lacks (False)."""
    prompts: frozenset[str] = frozenset()
    """The features for which a deployment may have a prompt of its own."""
    costly: frozenset[str] = frozenset()
    """Shared requirements whose requests cost too much to be sent unless the user says so."""
    without: frozenset[str] = frozenset()
    """Shared requirements that do not exist in this dialect."""
    barred: Callable[[int, bytes, bytes], str] | None = None
    """Returns, of a refusal's status and body and of the body that was sent, what is in the way
    that is not the request, such as the account, the model or a limit; an empty string where
    nothing is."""
    internal_errors: frozenset[str] | None = None
    """The requirements about kinds of request that a 5xx breaks: any other 5xx is
    `request.never-5xx` alone. None where a 5xx breaks the requirement of each kind."""

    plain_events: Container[str] = frozenset()
    """The names of events whose data need not be JSON."""
    dataless_events: frozenset[str] = frozenset()
    """The names of events that may come without data, although the standard drops them."""
    lowered: Mapping[str, tuple[Level | None, str]] = field(default_factory=dict)
    """Requirements whose level in `levels` is a user's: what it would be, if not the shared one,
    and who changed it."""
    declaration: object = None
    """What a file declares, where the dialect is made from one: its `rules` are made for it."""
    triggers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Capability to the table that a target file would have for it, where that is known."""
    known: Mapping[str, bool] = field(default_factory=dict)
    """Capabilities that are declared or denied for all servers of the dialect."""
    key_variable: str = ""
    """The environment variable that has the key of `credentials`, where the dialect names one."""
    key_parameter: str = ""
    """The query parameter that carries the key, where no field line does."""
    follows: Callable[[Sequence[Block], Payloads], Content] | None = None
    """What `content` says, given all blocks as well: where the end of a stream is not JSON."""

    @property
    def key_name(self) -> str:
        """The name of the field line or query parameter that carries the key."""
        return self.key_parameter or self.credentials("")[0]

    def key_in_request(
        self, key: str
    ) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
        """Return the field lines and the query parameters that carry a key: one, of one kind."""
        if self.key_parameter:
            return (), ((self.key_parameter, key),)
        return (self.credentials(key),), ()

    @property
    def known_capabilities(self) -> dict[str, Capability]:
        """All capabilities of this dialect by name: its own, then the common ones."""
        return {capability.name: capability for capability in (*self.capabilities, *COMMON)}

    def fields_with(
        self, users: Sequence[tuple[str, str]], request: HttpRequest
    ) -> tuple[tuple[str, str], ...]:
        """Return the dialect's field lines and the user's own, as they go with a request."""
        taken = {name.lower() for name, _ in (*users, *request.fields)}
        return (*(each for each in self.fields if each[0].lower() not in taken), *users)

    def for_deployment(self, deployment: Deployment) -> Dialect:
        """Return this dialect with requests for a deployment."""
        return self if self.deployed is None else self.deployed(self, deployment)

    def marks_end(self, data: str) -> bool:
        """Return whether an event's data is the sentinel, or is meant to be.

        Spaces, quotation marks and the case of letters may differ: a dialect says what is wrong
        with that.
        """
        if self.sentinel is None or len(data) > len(self.sentinel) + 16:
            return False
        around = " \t\r\n\"'[]"
        return data.strip(around).upper() == self.sentinel.strip(around).upper()
