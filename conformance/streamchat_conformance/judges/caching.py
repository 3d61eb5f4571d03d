"""headers: what caches write into the head of a stream."""

from __future__ import annotations

from streamchat_conformance.catalogue import SERVER, SHOULD
from streamchat_conformance.core.fields import split_list
from streamchat_conformance.core.finding import Nonconformity
from streamchat_conformance.core.http1 import ResponseHead
from streamchat_conformance.judges.head import of_stream_head, show_field
from streamchat_conformance.judges.judge import Evidence, Verdict, judge


@judge(
    "headers.age",
    SHOULD,
    "Age, if it is present, is 0: a stream is generated for its request.",
    source="RFC 9111 section 5.1",
    layer=SERVER,
    evidence=Evidence.KEPT,
)
@of_stream_head
def age(head: ResponseHead) -> Verdict:
    # Several members came from several caches: one that counted is enough. What is no number is
    # ignored by recipients, and says nothing about a cache.
    members = split_list(",".join(head.values("age")))
    if not any(_positive(member) for member in members):
        return []
    return [
        Nonconformity(
            "a cache stored this stream and gives it as the answer to another request",
            "no Age field, or Age: 0",
            show_field(head, "Age"),
            head.offset,
        )
    ]


def _positive(member: str) -> bool:
    return member.isascii() and member.isdigit() and member.strip("0") != ""
