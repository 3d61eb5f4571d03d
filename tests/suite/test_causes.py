"""Of several things that are special in a request, the one that fails alone is the cause."""

from dataclasses import replace

import pytest
from streamchat_conformance.core.exchange import Ending, Exchange, Read
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.dialects.openai.requests import CompletionRequest
from streamchat_conformance.dialects.stream_chat.requests import ChatRequest
from streamchat_conformance.judges import rules_of
from streamchat_conformance.judges.stream import OTHERS_OPEN
from streamchat_conformance.suite.verdicts.ledger import Ledger, place

from .exchanges import chat, exchange

PLAIN_500 = exchange(chat(), 500)
EMPTY_500 = exchange(chat(history=[]), 500)
UNICODE_400 = exchange(chat("Grüße"))
UNICODE_AND_NULL_400 = exchange(chat("Grüße", history=[None]))
NULL_400 = exchange(chat(history=[None]))
NOT_OBJECT_500 = exchange(b"[]", 500)
NOT_OBJECT_400 = exchange(b"[]")


def seen(*exchanges: object) -> Ledger:
    ledger = Ledger()
    for each in exchanges:
        assert isinstance(each, Exchange)
        ledger.doubts.confirm(place(each))
        ledger.observe(each)
    return ledger


def test_what_fails_alone_explains_what_fails_with_it() -> None:
    ledger = seen(UNICODE_400, UNICODE_AND_NULL_400)
    assert ledger.cause("request.history-any-json") == "request.prompt-unicode"


def test_what_fails_only_in_company_explains_nothing() -> None:
    assert seen(UNICODE_AND_NULL_400).cause("request.history-any-json") == ""


def test_what_fails_alone_is_not_explained_away() -> None:
    ledger = seen(UNICODE_400, NULL_400, UNICODE_AND_NULL_400)
    assert ledger.cause("request.history-any-json") == ""


def test_internal_errors_of_one_kind_of_request_are_that_kinds() -> None:
    assert seen(EMPTY_500).cause("request.never-5xx") == "request.history-empty"


def test_what_is_large_explains_what_goes_wrong_with_it_whatever_else_is_wrong() -> None:
    ledger = seen(
        exchange(chat("x" * 70_000), 500), exchange(chat("x" * 70_000, history=None), 500)
    )
    assert ledger.cause("request.history-null") == "request.large-prompt"
    assert ledger.cause("request.never-5xx") == "request.large-prompt"


def test_a_rare_internal_error_is_one_of_its_own() -> None:
    ledger = seen(NOT_OBJECT_500, *[NOT_OBJECT_400] * 3)
    assert ledger.cause("request.never-5xx") == ""


def test_a_must_is_not_explained_by_a_should() -> None:
    ledger = seen(exchange(chat(prompt=""), 500))
    assert ledger.cause("request.never-5xx") == ""


def test_where_no_valid_request_is_served_that_explains_internal_errors() -> None:
    ledger = seen(PLAIN_500, EMPTY_500)
    assert ledger.cause("request.never-5xx") == "request.valid-accepted"


def test_an_internal_error_on_some_valid_requests_is_no_refusal_of_them() -> None:
    ledger = seen(PLAIN_500, exchange(chat(), 200), exchange(chat("Hi"), 200))
    assert ledger.cause("request.valid-accepted") == "request.never-5xx"
    assert ledger.cause("request.never-5xx") == ""


def test_where_another_plain_request_is_accepted_the_kind_of_history_is_the_cause() -> None:
    ledger = Ledger()
    ledger.plain = ChatRequest("Hello", [{"role": "user", "content": "Hi"}])
    ledger.observe(exchange(chat(extra=1)))
    ledger.observe(exchange(chat()))
    assert not ledger.red("request.valid-accepted")
    assert ledger.cause("request.unknown-members") == ""
    ledger.observe(exchange(chat(history=["Hi", "Ho"])))
    assert ledger.cause("request.unknown-members") == "request.history-items"


def test_bytes_where_a_refusal_should_end_explain_what_becomes_of_the_next_request() -> None:
    ledger = seen(exchange(b"[]", cut=True, ending=Ending.CLOSED))
    assert ledger.cause("connection.reuse-after-error") == "error.delimited"
    assert ledger.cause("connection.sequence") == "error.delimited"


LEFT_OVER = replace(
    exchange(b"{}"), reads=(Read(0.0, b"}}HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),)
)


def test_the_rest_of_a_refusal_explains_that_the_next_answers_head_is_none() -> None:
    ledger = seen(replace(LEFT_OVER, position=1))
    assert ledger.red("headers.well-formed")
    assert ledger.cause("headers.well-formed") == ""
    assert ledger.cause("headers.well-formed", {"error.delimited"}) == "error.delimited"
    assert ledger.cause("connection.idle-reuse", {"error.delimited"}) == "error.delimited"


@pytest.mark.parametrize("effect", ["reuse-after-stream", "pipelining", "sequence"])
def test_a_stream_that_goes_on_behind_its_length_explains_what_becomes_of_the_connection(
    effect: str,
) -> None:
    cause = "headers.no-content-length"
    assert Ledger().cause(f"connection.{effect}", {cause}) == cause


UNANSWERED = replace(exchange(b"[]"), reads=(), ending=Ending.CLOSED)


def test_a_connection_that_serves_no_more_explains_that_no_answer_comes_there() -> None:
    cause = "connection.reuse-after-error"
    ledger = seen(replace(UNANSWERED, position=1))
    assert ledger.red("request.never-5xx")
    assert ledger.cause("request.never-5xx", {cause}) == cause
    ledger = seen(UNANSWERED, replace(UNANSWERED, position=1))
    assert ledger.cause("request.never-5xx", {cause}) != cause


def test_a_first_answer_without_a_head_is_explained_by_no_rest() -> None:
    ledger = seen(LEFT_OVER, replace(LEFT_OVER, position=1))
    assert ledger.cause("headers.well-formed", {"error.delimited"}) == ""


def test_a_valid_request_that_is_refused_explains_what_the_articles_client_misses() -> None:
    assert seen(PLAIN_500).cause("stream.line-client") == "request.valid-accepted"


def test_a_comment_inside_a_data_line_explains_that_its_event_is_no_json() -> None:
    ledger = Ledger()
    for id_ in ("payload.json", "sse.comments"):
        ledger.flag(Finding(id_, "torn", "", ""), exchange(chat()))
    assert ledger.cause("payload.json") == "sse.comments"
    assert ledger.cause("sse.comments") == ""


NOT_STRING_AND_NULL_500 = exchange(chat({"a": 1}, history=None), 500)


def test_a_prompt_that_brings_the_server_down_explains_what_else_is_wrong_with_the_request() -> (
    None
):
    ledger = seen(exchange(chat({"a": 1}), 500), NOT_STRING_AND_NULL_500)
    assert ledger.cause("request.history-null") == "request.prompt-not-string"
    assert ledger.red("request.never-5xx")
    assert ledger.cause("request.never-5xx") == ""


def test_a_must_that_is_served_is_not_explained_by_a_should() -> None:
    ledger = seen(exchange(chat({"a": 1}), 200), exchange(chat({"a": 1}, history=None), 200))
    assert ledger.cause("request.history-null") == ""


def test_what_is_large_explains_what_is_no_json_at_all() -> None:
    large = b"{" * 70_000
    ledger = seen(exchange(chat("x" * 70_000), 500), exchange(large, 500), exchange(b"{"))
    assert ledger.cause("request.deep-nesting") == "request.large-prompt"


def test_what_comes_with_something_sound_counts_as_failing_alone() -> None:
    ledger = seen(
        exchange(chat("x" * 70_000), 200),
        exchange(b"[" * 100_000, 500),
        exchange(b"{}" + b"[" * 100_000, 500),
    )
    assert ledger.cause("request.never-5xx") == "request.deep-nesting"


SURPLUS = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
UNREAD_BODY = Finding("connection.unread-body", "answered, too", "", "")


def followed(body: bytes, media_type: str = "text/plain") -> Exchange:
    """Return a refusal with another response behind it."""
    refused = exchange(body)
    request = refused.request.replace(b"application/json", media_type.encode())
    read = refused.reads[0]
    return replace(refused, request=request, reads=(replace(read, data=read.data + SURPLUS),))


def test_an_answer_to_an_unread_body_is_explained_by_that() -> None:
    ledger = seen(followed(b'{"a": 1}'))
    assert ledger.cause("error.delimited") == ""
    ledger.flag(UNREAD_BODY, followed(b"POST"))
    assert ledger.cause("error.delimited") == "connection.unread-body"
    assert ledger.cause("connection.unread-body") == ""
    assert ledger.cause("connection.reuse-after-error") == "connection.unread-body"


@pytest.mark.parametrize("own", [followed(b""), followed(b"{", "application/json")])
def test_a_second_answer_where_no_body_was_left_unread_is_the_refusals_own(own: Exchange) -> None:
    ledger = seen(followed(b'{"a": 1}'), own)
    ledger.flag(UNREAD_BODY, followed(b"POST"))
    assert ledger.cause("error.delimited") == ""
    assert ledger.cause("connection.unread-body") == "error.delimited"
    assert ledger.cause("connection.reuse-after-error") == "error.delimited"


SILENT = Exchange(
    request=exchange(chat()).request,
    reads=(
        Read(0.0, b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"),
        Read(0.0, b'data: {"response":""}\n\n'),
    ),
    ending=Ending.ABANDONED,
    ended_at_s=20.0,
    watched_s=20.0,
)
SILENT_WITH_OTHERS = replace(SILENT, notes=(OTHERS_OPEN,))


@pytest.mark.parametrize("cause", ["resilience.concurrent", "resilience.concurrent-many"])
def test_streams_that_fall_silent_only_next_to_others_are_explained_by_that(cause: str) -> None:
    ledger = seen(SILENT_WITH_OTHERS)
    assert ledger.red("stream.gap")
    assert ledger.cause("stream.gap") == ""
    assert ledger.cause("stream.gap", {cause}) == cause


def test_a_stream_that_falls_silent_alone_is_explained_by_no_others() -> None:
    ledger = seen(SILENT_WITH_OTHERS, SILENT)
    assert ledger.cause("stream.gap", {"resilience.concurrent"}) == ""


def test_silence_that_wants_keepalives_is_one_fault() -> None:
    assert Ledger().cause("stream.heartbeat", {"stream.incremental"}) == "stream.incremental"
    assert Ledger().cause("stream.gap", {"stream.heartbeat"}) == "stream.heartbeat"


def test_where_plain_requests_fail_now_and_then_no_kind_of_request_is_the_cause() -> None:
    rare = [NOT_OBJECT_500, *[NOT_OBJECT_400] * 3]
    plain = [PLAIN_500, *[exchange(chat(), 200)] * 3]
    assert seen(*rare, *plain).cause("request.body-not-object") == "request.never-5xx"
    assert seen(*rare).cause("request.body-not-object") == ""
    often = [NOT_OBJECT_500] * 3
    assert seen(*often, NOT_OBJECT_400, *plain).cause("request.body-not-object") == ""


def test_text_that_ends_the_head_explains_what_comes_of_it_in_the_body() -> None:
    split = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Prompt: a\r\n\r\nb\r\n\r\n"
    asked = exchange(chat("a\r\n\r\nb"), 200).request
    ledger = seen(Exchange(request=asked, reads=(Read(0.0, split),), ending=Ending.CLOSED))
    assert ledger.red("transport.delimited")
    finding = Finding("headers.no-injection", "x", "y", "z")
    ledger.flag(finding, exchange(chat("a\r\nX: y"), 200))
    assert ledger.cause("transport.delimited") == "headers.no-injection"
    plain = replace(exchange(chat(), 200), reads=(Read(0.0, split),), ending=Ending.CLOSED)
    ledger.observe(plain)
    assert ledger.cause("transport.delimited") == ""


def test_plain_requests_that_fail_only_next_to_others_are_explained_by_that() -> None:
    crowded = replace(exchange(chat(), 503), notes=(OTHERS_OPEN,))
    ledger = seen(crowded, crowded, exchange(chat(), 200))
    ledger.flag(Finding("resilience.concurrent", "x", "y", "z"), crowded)
    assert ledger.cause("request.valid-accepted") == "resilience.concurrent"
    ledger.observe(exchange(chat(), 503))
    assert ledger.cause("request.valid-accepted") != "resilience.concurrent"


def test_a_plain_request_that_fails_is_reported_where_the_dialects_own_example_is_refused() -> None:
    rules = rules_of("openai")
    own, plain = CompletionRequest(), CompletionRequest(options={"temperature": 0})
    for request, red in ((plain, True), (own, False)):
        ledger = Ledger(rules=rules, path="/v1/chat/completions")
        ledger.accept_only(plain)
        data = HttpRequest.chat(request).encode(authority="x", path="/v1/chat/completions")
        failed = b"HTTP/1.1 500 X\r\nContent-Type: text/plain\r\nContent-Length: 1\r\n\r\nx"
        reads = (Read(0.0, failed),)
        ledger.observe(Exchange(request=data, reads=reads, ending=Ending.COMPLETE))
        assert ledger.red("request.never-5xx") is red
