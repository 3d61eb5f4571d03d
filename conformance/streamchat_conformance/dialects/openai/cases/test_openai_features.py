"""openai: what not every server offers, and what one that offers it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from streamchat_conformance.catalogue import MUST, SHOULD, decides
from streamchat_conformance.dialects.chat_messages.stop_sequences import goes_on, middle_of
from streamchat_conformance.dialects.chat_messages.token_limits import SHORT_CAP, exceeds
from streamchat_conformance.dialects.interface import Payloads
from streamchat_conformance.dialects.openai.capabilities import (
    SAME,
    STOP,
    STOP_PROMPT,
    TOOLS,
    USAGE,
    has_logprobs,
    has_two_choices,
    text_of,
    with_cities,
    with_logprobs,
    with_tool,
    with_two_choices,
    with_usage,
    without_usage,
)
from streamchat_conformance.dialects.openai.judges.requests import REQUEST
from streamchat_conformance.dialects.openai.judges.streams import transcript
from streamchat_conformance.dialects.openai.requests import TOOL, CompletionRequest
from streamchat_conformance.dialects.openai.rules import requirement
from streamchat_conformance.dialects.openai.scenarios import (
    base,
    completion_tokens,
    counting,
    whole,
)
from streamchat_conformance.dialects.openai.tool_calls import is_object
from streamchat_conformance.judges import Reading
from streamchat_conformance.suite.budget.cost import costs
from streamchat_conformance.suite.scenarios.independent import independent
from streamchat_conformance.suite.scenarios.whole_answers import (
    COMPANY,
    whole_after_refusal,
    whole_in_company,
)
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.barred_requests import one_by_one
from streamchat_conformance.suite.verdicts.judged import check, verdict, violation
from streamchat_conformance.suite.verdicts.outcomes import Barred, Blocked, NotApplicable

LONG_CAP = 200
WENT_WELL = ("stop", "tool_calls", "function_call")
"""Reasons of answers that are whole."""
NEVER_SAID = "<|never said|>"
"""A stop sequence that comes in no answer."""
MORE_WORDS = 3
"""A limit caps where an answer without it has this many times the words."""


def _answered(target: Target, request: CompletionRequest, label: str) -> Reading:
    """Return the whole answer to a request. Raises NotApplicable where it is refused."""
    target.require_stream()
    reading = whole(target, request, label)
    if reading.refused:
        raise NotApplicable(f"the server refuses {label} with {reading.status}")
    if not reading.accepted or transcript(reading) is None:
        raise NotApplicable(f"no stream came for {label}")
    return reading


def _cap_of(target: Target) -> CompletionRequest:
    request = base(target)
    if request.cap is None:
        raise Blocked("openai.max-tokens", "the limit is accepted under neither name")
    return request


@requirement(
    "openai.max-tokens",
    MUST,
    "max_tokens or max_completion_tokens is accepted, and limits the answer.",
    source=f"{REQUEST}; webai-at-home/webai-at-home#210",
)
@independent()
def test_a_limit_of_tokens_is_kept(target: Target) -> None:
    target.require_stream()
    request = base(target)
    if request.cap is None:
        reading = whole(target, target.dialect.requests.plain[0], "a limit")  # type: ignore[arg-type]  # of this dialect
        message = "a limit of tokens is refused under both of its names"
        raise violation("openai.max-tokens", message, "200 and a stream", reading)
    # A target that counts what it sends shows it by that; another one by its words.
    asking = with_usage if target.has(USAGE) else _unchanged
    long_request = counting(target)
    reading = _answered(target, asking(long_request.capped(SHORT_CAP)), "a limit of 8 tokens")
    tokens = completion_tokens(reading)
    if tokens is not None and tokens > 0:
        if exceeds(tokens, SHORT_CAP):
            message = f"usage counts {tokens} tokens, and the limit is {SHORT_CAP}"
            raise violation("openai.max-tokens", message, "an answer within its limit", reading)
        return
    longer = _answered(target, long_request.capped(LONG_CAP), "a limit of 200 tokens")
    words, more = len(_text(reading).split()), len(_text(longer).split())
    if more >= MORE_WORDS * max(1, words):
        return
    if words > 2 * SHORT_CAP and words == more:
        message = f"with a limit of {SHORT_CAP} tokens {words} words come, as many as with more"
        raise violation("openai.max-tokens", message, "an answer within its limit", reading)
    raise NotApplicable("the answer is short anyway, and no usage says how many tokens it has")


def _unchanged(request: CompletionRequest) -> CompletionRequest:
    return request


def _text(reading: Reading) -> str:
    return text_of(reading.payloads)


@requirement(
    "openai.finish-length",
    MUST,
    "An answer that reached its limit finishes with length.",
    source=f"{REQUEST}; ggml-org/llama.cpp#7198, huggingface/transformers#42157, "
    "llm-d/llm-d-inference-sim#29, mudler/LocalAI#10448",
    needs=USAGE,
)
@costs(5)
@independent()
def test_an_answer_that_is_cut_says_so(target: Target) -> None:
    _cap_of(target)
    request = with_usage(counting(target))
    reading = _answered(target, request.capped(SHORT_CAP), "a limit of 8 tokens")
    tokens, found = completion_tokens(reading), transcript(reading)
    if found is None or tokens is None or not SHORT_CAP <= tokens <= SHORT_CAP + 1:
        raise NotApplicable(
            f"the answer has {tokens} tokens: the limit was not reached, or not kept"
        )
    longer = _answered(target, request, "a limit of many tokens")
    more = completion_tokens(longer)
    if more is None or more <= tokens + 1:
        raise NotApplicable("the answer is as short without the limit")
    if "openai.nothing-after-finish" in found.problems:
        raise Blocked("openai.nothing-after-finish", "the answer goes on after its finish_reason")
    finish = found.choices[0].finish if 0 in found.choices else None
    # That no reason came is openai.finish-present.
    if finish in WENT_WELL:
        message = (
            f"{tokens} of at most {SHORT_CAP} tokens came, and the answer finishes with {finish!r}"
        )
        raise violation("openai.finish-length", message, '"finish_reason": "length"', reading)
    _require_cut_calls_to_say_so(target)


def _require_cut_calls_to_say_so(target: Target) -> None:
    """Raise Violation where a call that the limit cut is said to be whole."""
    if not target.has(TOOLS):
        return
    calling = replace(with_tool(base(target)), cap=SHORT_CAP)
    # How many tokens the beginning of a call has is the model's own.
    for cap in (2 * SHORT_CAP, SHORT_CAP, SHORT_CAP // 2):
        reading = whole(target, calling.capped(cap), f"a tool, with a limit of {cap} tokens")
        tokens, found = completion_tokens(reading), transcript(reading)
        if found is None or not found.finished or tokens is None or not cap <= tokens <= cap + 1:
            continue
        calls = found.calls.get(0, [])
        cut = next((call for call in calls if not call.free and not is_object(call.text)), None)
        finish = found.choices[0].finish
        if cut is not None and finish in WENT_WELL:
            message = (
                f"the limit of {cap} tokens cut a call's arguments to {cut.text[:60]!r}, and the "
                f"answer finishes with {finish!r}"
            )
            raise violation("openai.finish-length", message, '"finish_reason": "length"', reading)


@decides("openai.tool-head")
@costs(6 + COMPANY, sequential=6)
@independent(at_once=COMPANY)
def test_calls_of_tools_can_be_put_together(target: Target) -> None:
    target.require_stream()
    calling = with_tool(base(target))
    if whole(target, calling, "a tool").refused:
        # Some servers leave it to the model whether it calls.
        calling = calling.with_options(tool_choice="auto")
    bare = {
        "type": "function",
        "function": {"name": "get_time", "parameters": {"type": "object", "properties": {}}},
    }
    no_parameters = calling.saying("What time is it? Call the function.").with_options(tools=[bare])
    named = {"type": "function", "function": {"name": TOOL["function"]["name"]}}
    # Usage is asked for with some tools, and not with others: nobody but who asks for it gets it.
    named_tool = without_usage(calling).with_options(tool_choice=named)
    # Agents offer their tools with each request, and most answers are text all the same.
    offering = base(target).with_options(tools=[TOOL])
    works: tuple[Callable[[], object], ...] = (
        lambda: _answered(target, offering, "a tool that is not needed"),
        lambda: _answered(target, no_parameters, "a tool without parameters"),
        lambda: _answered(target, named_tool, "a named tool"),
        lambda: whole_after_refusal(target, calling, "a tool"),
        lambda: whole_in_company(target, calling, "a tool"),
    )
    one_by_one(_unless_refused, works)
    verdict(target, "openai.tool-head")


def _unless_refused(work: Callable[[], object]) -> None:
    """Do one part of a case. Raises Barred where it has no answer: the other parts may decide."""
    try:
        work()
    except NotApplicable as outcome:
        raise Barred(str(outcome)) from None


@decides("openai.tool-index-distinct")
@independent()
def test_several_calls_can_be_distinguished(target: Target) -> None:
    _answered(target, with_cities(base(target)), "several calls")
    verdict(target, "openai.tool-index-distinct")


@decides("openai.n-choices")
@independent()
def test_each_of_two_choices_is_whole(target: Target) -> None:
    # What is asked for next to it comes as well.
    asking = with_usage if target.has(USAGE) else _unchanged
    check(_answered(target, asking(with_two_choices(base(target))), "n: 2"), "openai.n-choices")


@decides("openai.logprobs")
@independent()
def test_log_probabilities_are_those_of_the_content(target: Target) -> None:
    check(_answered(target, with_logprobs(base(target)), "logprobs"), "openai.logprobs")


@requirement(
    "openai.option-ignored",
    SHOULD,
    "An option that has no effect (n, logprobs, stop) is refused, not ignored.",
    source=f"{REQUEST}; sgl-project/sglang#28601, Menci/Floway#481",
)
@costs(5)
@independent()
def test_an_option_that_is_accepted_has_an_effect(target: Target) -> None:
    target.require_stream()
    decided = False
    looks: tuple[tuple[str, CompletionRequest, Callable[[Payloads], bool]], ...] = (
        ("n: 2", with_two_choices(base(target)), has_two_choices),
        ("logprobs", with_logprobs(base(target)), has_logprobs),
    )
    for name, request, shows in looks:
        reading = whole(target, request, name)
        found = transcript(reading)
        if reading.refused or found is None or not found.finished:
            continue
        decided = True
        # Where no text came there are no tokens to have a probability.
        if not shows(reading.payloads) and (found.text or name != "logprobs"):
            message = f"`{name}` is accepted, and nothing of it is in the answer"
            raise violation("openai.option-ignored", message, "its effect, or a 4xx", reading)
    stopped = _stopped(target)
    if stopped is not None:
        decided = True
        sequence, text, reading = stopped
        if goes_on(_text(reading), text, sequence):
            message = f"the answer goes on behind the stop sequence {sequence!r}"
            raise violation("openai.option-ignored", message, "its effect, or a 4xx", reading)
    if not decided:
        raise NotApplicable("n, logprobs and stop are refused, or their answers are not whole")


def _stoppable(target: Target) -> tuple[CompletionRequest, str, str] | None:
    """Return a request, the text of its answer, and a stop sequence in the middle of that.

    None where it is refused, or where equal requests are answered differently.
    """
    request = base(target).saying(STOP_PROMPT).with_options(**SAME)
    first = whole(target, request, "the text without a stop sequence")
    again = whole(target, request, "the text without a stop sequence, again")
    text = _text(first)
    sequence = middle_of(text)
    if not sequence or first.refused or _text(again) != text:
        return None
    return request, text, sequence


def _stopped(target: Target) -> tuple[str, str, Reading] | None:
    """Return a stop sequence, the text that has it in its middle, and the answer with it."""
    stoppable = _stoppable(target)
    if stoppable is None:
        return None
    request, text, sequence = stoppable
    reading = whole(target, request.with_options(stop=[sequence]), f"stop: {sequence!r}")
    found = transcript(reading)
    return None if found is None or not found.finished else (sequence, text, reading)


@requirement(
    "openai.stop-not-returned",
    MUST,
    "The content does not contain the stop sequence.",
    source="OpenAI API description (StopConfiguration)",
    needs=STOP,
)
@costs(5)
@independent()
def test_the_stop_sequence_is_not_in_the_text(target: Target) -> None:
    stoppable = _stoppable(target)
    if stoppable is None:
        raise NotApplicable("equal requests are answered differently: no sequence is known to come")
    request, _, sequence = stoppable
    # Whichever comes first ends the answer: the other one never comes.
    forms: tuple[tuple[str, str | list[str]], ...] = (
        ("", [sequence]),
        (", given as a string", sequence),
        (", the second of two", [NEVER_SAID, sequence]),
    )
    decided = False
    for how, stop in forms:
        reading = whole(target, request.with_options(stop=stop), f"stop: {stop!r}")
        found = transcript(reading)
        # Some take one sequence only, and say so.
        if reading.refused or found is None or not found.finished:
            continue
        decided = True
        if sequence in _text(reading):
            message = f"the content has the stop sequence {sequence!r}{how}"
            raise violation("openai.stop-not-returned", message, "the text before it", reading)
    if not decided:
        raise NotApplicable("no answer to a request with a stop sequence came to its end")


@requirement(
    "openai.stop-clean",
    SHOULD,
    "The content ends right before the stop sequence, and finish_reason is stop.",
    source="OpenAI API description (StopConfiguration); SharpAI/SwiftLM#126, "
    "sgl-project/sglang#11462, LostRuins/koboldcpp#2481",
    needs=STOP,
)
@costs(4)
@independent()
def test_the_text_ends_right_before_the_stop_sequence(target: Target) -> None:
    stopped = _stopped(target)
    if stopped is None:
        raise NotApplicable("equal requests are answered differently: no sequence is known to come")
    sequence, _, reading = stopped
    text, found = _text(reading), transcript(reading)
    if sequence in text:
        raise Blocked("openai.stop-not-returned", f"the content has {sequence!r}")
    whole_text = _text(
        whole(target, base(target).saying(STOP_PROMPT).with_options(**SAME), "again")
    )
    expected = whole_text.partition(sequence)[0]
    left = next(
        (sequence[:n] for n in range(len(sequence) - 1, 0, -1) if text == expected + sequence[:n]),
        "",
    )
    if left:
        message = f"the content ends with {left!r}, the beginning of the stop sequence {sequence!r}"
        raise violation("openai.stop-clean", message, repr(expected[-40:]), reading)
    finish = found.choices[0].finish if found is not None and 0 in found.choices else None
    if len(text.rstrip()) < len(expected.rstrip()) and expected.startswith(text):
        message = f"the content ends before the text that stands in front of {sequence!r} does"
        raise violation("openai.stop-clean", message, repr(expected[-40:]), reading)
    if text.rstrip() == expected.rstrip() and finish == "length":
        message = "the answer stopped at the sequence, and finishes with 'length'"
        raise violation("openai.stop-clean", message, '"finish_reason": "stop"', reading)
