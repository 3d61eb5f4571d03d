"""The request for a chat completion: what is accepted, and what is refused and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from streamchat_reference.dialects.openai import members as of
from streamchat_reference.dialects.openai.messages import count_tokens, read_messages
from streamchat_reference.dialects.openai.refusals import CompletionRefusedError
from streamchat_reference.dialects.openai.tools import read_tools
from streamchat_reference.dialects.talks import question_of, read_object

if TYPE_CHECKING:
    from streamchat_reference.answerers.interface import Answerer, Question
    from streamchat_reference.lossless_json import PlainJson

DEFAULT_CAP = 256
"""Tokens of an answer whose request sets no cap. The echo would never end; a model does."""

MOST_CHOICES = 128
MOST_STOPS = 4
MOST_TOP_LOGPROBS = 20

SAMPLING = {"temperature": (0, 2), "top_p": (0, 1)} | dict.fromkeys(
    ("presence_penalty", "frequency_penalty"), (-2, 2)
)
"""Numbers for models, with their limits. Other answerers have nothing to sample."""

UNSUPPORTED = ("functions", "function_call", "audio", "prediction", "web_search_options")
"""Members that would change the answer, and are refused rather than ignored."""


@dataclass(frozen=True)
class AskedCompletion:
    """A question, and in which form its answer is wanted. Unknown members are ignored."""

    question: Question
    prompt_tokens: int
    stream: bool = False
    include_usage: bool = False
    choices: int = 1
    cap: int | None = DEFAULT_CAP
    stops: tuple[str, ...] = ()
    top_logprobs: int | None = None
    """None: no logprobs are wanted."""


def read_completion_request(
    media_type: str, body: bytes, model: str, answerer: Answerer
) -> AskedCompletion:
    """Read the request from its media type (lower case, no parameters) and its body.

    Raises `CompletionRefusedError`: nothing that can be refused here fails later in the stream.
    """
    members = read_object(media_type, body, CompletionRefusedError)
    check_model(members.get("model"), model)
    messages = read_messages(members.get("messages"))
    stream = of.boolean(members, "stream", default=False)
    logprobs = of.boolean(members, "logprobs", default=False)
    top_logprobs = of.integer(members, "top_logprobs", 0, MOST_TOP_LOGPROBS)
    if top_logprobs is not None and not logprobs:
        raise CompletionRefusedError("'top_logprobs' needs 'logprobs'", "top_logprobs")
    if logprobs and not answerer.certain:
        raise CompletionRefusedError("this model has no logprobs", "logprobs")
    _check_unsupported(members)
    cap = _cap(members)
    include_usage = _include_usage(members.get("stream_options"), stream=stream)
    options: dict[str, PlainJson] = {"max_tokens": cap, "seed": of.integer(members, "seed")}
    for name, (least, most) in SAMPLING.items():
        options[name] = of.number(members, name, least, most)
    if include_usage or not stream:
        options["stream_options"] = {"include_usage": True}
    return AskedCompletion(
        question=_question(members, messages, answerer, options),
        prompt_tokens=count_tokens(messages),
        stream=stream,
        include_usage=include_usage,
        choices=of.integer(members, "n", 1, MOST_CHOICES) or 1,
        cap=DEFAULT_CAP if cap is None and answerer.certain else cap,
        stops=_stops(members.get("stop")),
        top_logprobs=(top_logprobs or 0) if logprobs else None,
    )


def check_model(asked: PlainJson, model: str) -> None:
    """Refuse every model but the one that there is."""
    if not isinstance(asked, str):
        raise CompletionRefusedError("'model' must be a string", "model")
    if asked != model:
        raise CompletionRefusedError(
            "there is no such model; GET /v1/models names the one that there is",
            "model",
            status=404,
            code="model_not_found",
        )


def _check_unsupported(members: dict[str, PlainJson]) -> None:
    for name in UNSUPPORTED:
        if members.get(name) is not None:
            raise CompletionRefusedError(f"'{name}' is not supported", name)
    if members.get("modalities") not in (None, ["text"]):
        raise CompletionRefusedError("'modalities' must be [\"text\"]", "modalities")
    match members.get("response_format"):
        case None | {"type": "text"}:
            return
    raise CompletionRefusedError("'response_format' must be of type 'text'", "response_format")


def _question(
    members: dict[str, PlainJson],
    messages: list[dict[str, PlainJson]],
    answerer: Answerer,
    options: dict[str, PlainJson],
) -> Question:
    tools, must_call = read_tools(members.get("tools"), members.get("tool_choice"))
    if must_call and not answerer.calls_tools:
        raise CompletionRefusedError("this model calls no tools", "tool_choice")
    parallel_calls = of.boolean(members, "parallel_tool_calls", default=True)
    return question_of(
        messages,
        tools=tools,
        must_call=must_call,
        parallel_calls=parallel_calls,
        options=options,
    )


def _cap(members: dict[str, PlainJson]) -> int | None:
    older = of.integer(members, "max_tokens", 1)
    newer = of.integer(members, "max_completion_tokens", 1)
    return older if newer is None else newer


def _include_usage(options: PlainJson, *, stream: bool) -> bool:
    if options is None:
        return False
    if not isinstance(options, dict):
        raise CompletionRefusedError("'stream_options' must be an object", "stream_options")
    if not stream:
        raise CompletionRefusedError("'stream_options' needs 'stream'", "stream_options")
    of.boolean(options, "include_obfuscation", default=False)  # padding is never sent
    return of.boolean(options, "include_usage", default=False)


def _stops(value: PlainJson) -> tuple[str, ...]:
    stops = [] if value is None else [value] if isinstance(value, str) else value
    if isinstance(stops, list) and len(stops) <= MOST_STOPS:
        texts = tuple(stop for stop in stops if isinstance(stop, str) and stop)
        if len(texts) == len(stops):
            return texts
    raise CompletionRefusedError(
        f"'stop' must be a string, or an array of at most {MOST_STOPS} strings, none empty", "stop"
    )
