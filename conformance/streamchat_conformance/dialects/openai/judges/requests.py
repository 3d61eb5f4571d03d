"""openai: which requests are accepted, and which refused."""

from __future__ import annotations

from streamchat_conformance.catalogue import MAY, MUST, SHOULD
from streamchat_conformance.core.expectation import Expectation
from streamchat_conformance.core.finding import Nonconformity
from streamchat_conformance.core.framing import Framing
from streamchat_conformance.core.strict_json import read_json
from streamchat_conformance.dialects.openai.capabilities import TOOLS
from streamchat_conformance.dialects.openai.chunk_shape import OBJECT as CHUNK_OBJECT
from streamchat_conformance.dialects.openai.classification import LAX, MISSING, NOT_OBJECT, PLAIN
from streamchat_conformance.dialects.openai.rules import JUDGES, judge
from streamchat_conformance.dialects.openai.transcript import transcript_of
from streamchat_conformance.dialects.openai.wanted import wanted_of
from streamchat_conformance.judges.judge import Evidence, Verdict
from streamchat_conformance.judges.reading import Reading
from streamchat_conformance.judges.request import Row, answer, declare_rows, must_accept
from streamchat_conformance.judges.sse import show

REQUEST = "OpenAI API description (CreateChatCompletionRequest)"

ACCEPTED: tuple[Row, ...] = (
    (
        PLAIN,
        MUST,
        "A model, one user message and stream: true get 200 and an event stream.",
        REQUEST,
    ),
    (
        "openai.request-history",
        MUST,
        "A history of user and assistant messages is accepted.",
        REQUEST,
    ),
    (
        "openai.request-system",
        SHOULD,
        "A system message in front is accepted.",
        REQUEST,
    ),
    (
        "openai.request-content-parts",
        SHOULD,
        "Content as an array of text parts is accepted.",
        f"{REQUEST}; ayunis-core/ayunis-core#719, UOR-Foundation/uor-r4#764",
    ),
    (
        "openai.request-null-options",
        SHOULD,
        "null for an optional member is the same as its absence.",
        f"{REQUEST}; huggingface/text-generation-inference#3155",
    ),
    (
        "request.prompt-empty",
        SHOULD,
        "A message whose content is empty is accepted.",
        "practice",
    ),
)

REFUSED: tuple[Row, ...] = (
    (
        MISSING,
        MUST,
        "No messages, or messages that are no array, get a 4xx.",
        f"{REQUEST}; dtzp555-max/ocp#110",
    ),
    (
        NOT_OBJECT,
        MUST,
        "A message that is a string, a number or null gets a 4xx.",
        REQUEST,
    ),
    (
        LAX,
        SHOULD,
        "No message at all, one without role, or with a content of another type gets a 4xx.",
        REQUEST,
    ),
)

declare_rows(JUDGES, Expectation.ACCEPT, ACCEPTED)
declare_rows(JUDGES, Expectation.REFUSE, REFUSED)


TOOL_HISTORY = "openai.request-tool-history"
JUDGES.kinds[TOOL_HISTORY] = Expectation.ACCEPT


@judge(
    TOOL_HISTORY,
    SHOULD,
    "An assistant message with tool calls and no content, and its tool message, are accepted.",
    source=REQUEST,
    needs=TOOLS,
    evidence=Evidence.KEPT,
)
def tool_history(reading: Reading) -> Verdict:
    return must_accept(TOOL_HISTORY, reading)


def _lack(reading: Reading) -> str:
    """Return why a body is no whole answer; empty where it is one."""
    read = read_json(reading.body)
    value = read.value
    if read.error is not None:
        return "the body is no JSON"
    if not isinstance(value, dict) or not isinstance(value.get("choices"), list):
        return "the body has no `choices`"
    if value.get("object") == CHUNK_OBJECT:
        return "the body is a chunk of a stream"
    choices = value["choices"]
    whole = all(
        isinstance(each, dict) and isinstance(each.get("message"), dict) for each in choices
    )
    return "" if whole else "a choice has no `message`"


def _stops_in_json(reading: Reading) -> bool:
    """Return whether a body that its length ends begins a JSON object, and does not end it."""
    body = reading.body.strip()
    by_length = reading.response.framing is Framing.LENGTH and not reading.codings
    return by_length and body.startswith(b"{") and read_json(body).error is not None


@judge(
    "openai.stream-false",
    MUST,
    "Without stream, or with false, the answer is one JSON body and no event stream.",
    source=f"{REQUEST}; decolua/9router#3492, BerriAI/litellm#25766, "
    "microsoft/foundry-dev-tools#195",
)
def stream_false(reading: Reading) -> Verdict:
    if reading.asked.row != "openai.stream-false" or not reading.accepted:
        return None
    framed = reading.is_stream or reading.essence == "text/event-stream"
    problem = ""
    if framed:
        problem = "an event stream came, and none was asked for"
    elif not reading.ended_well:
        return None
    elif reading.essence != "application/json":
        problem = "the body's media type is not application/json"
    elif _stops_in_json(reading):
        problem = (
            "the number of bytes that Content-Length announced ends inside the JSON: it counts "
            "less than the body has (characters, it may be, and not bytes)"
        )
    elif lack := _lack(reading):
        problem = f"the body is no completion: {lack}"
    if not problem:
        return []
    expected = 'application/json, {"choices": [{"message": {…}, …}], …}'
    return [Nonconformity(problem, expected, answer(reading))]


@judge(
    "openai.stream-options-empty",
    SHOULD,
    "Empty stream_options are accepted, or refused before the stream.",
    source=f"{REQUEST}; huggingface/text-generation-inference#3155",
)
def stream_options_empty(reading: Reading) -> Verdict:
    options = reading.asked.values.get("options", {})
    if options.get("stream_options") != {} or reading.overloaded:
        return None
    if reading.refused:
        return []
    if not reading.judges_stream or not reading.ended:
        return None
    wanted = wanted_of(options)
    found = transcript_of(reading.events, reading.payloads, wanted, whole=reading.ended_well)
    broken = found.problems.get("openai.finish-present", [])
    problem = broken[0].message if broken else ""
    if found.error is not None:
        problem = "the stream is or becomes an error"
    elif not reading.ended_well:
        problem = "the stream was cut"
    elif found.end is None:
        problem = "the stream ends without [DONE]"
    if not problem:
        return []
    expected = "a whole stream, or a 4xx"
    return [Nonconformity(problem, expected, show(reading.body[-160:]))]


def _taken_or_refused(id_: str, reading: Reading) -> Verdict:
    if reading.asked.row != id_ or reading.head is None or reading.overloaded:
        return None
    if reading.status >= 500:
        return None  # request.never-5xx
    if reading.accepted or reading.refused:
        return []
    message = "the request is neither taken nor refused"
    return [Nonconformity(message, "200, or a 4xx", answer(reading))]


@judge(
    "openai.model-lax",
    MAY,
    "No model, or an unknown one, is refused with a 4xx or answered by the only model.",
    source=REQUEST,
    evidence=Evidence.KEPT,
)
def model_lax(reading: Reading) -> Verdict:
    return _taken_or_refused("openai.model-lax", reading)


@judge(
    "openai.lax",
    MAY,
    "Unknown members, stream_options without stream and the role developer are taken or refused.",
    source="practice (servers differ); sgl-project/sglang#16068, earendil-works/pi#6238",
    evidence=Evidence.KEPT,
)
def lax(reading: Reading) -> Verdict:
    return _taken_or_refused("openai.lax", reading)
