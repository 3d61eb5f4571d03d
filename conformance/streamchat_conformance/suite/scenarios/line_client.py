"""The article's client: `requests`, `iter_lines`, and what follows `data:` is JSON.

It is the second witness. The recorder sees more, but this is what people write.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from http import HTTPStatus
from http.client import HTTPException, IncompleteRead
from typing import Any

import requests
from urllib3.exceptions import DecodeError, InvalidChunkLength

from streamchat_conformance.core.eventstream import read_event_stream
from streamchat_conformance.core.exchange import Read
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.suite.budget.retries import TOO_MANY_REQUESTS, asked_pause_s
from streamchat_conformance.suite.target.overload import NoRoom
from streamchat_conformance.suite.target.target import Target

LARGE_EVENT_BYTES = 32 * 1024
LARGE_CHUNK_BYTES = 512
"""What is read at a time where events are large: byte by byte, `requests` takes a time that grows
with the square of a line's length. It is `iter_lines`' default."""


@dataclass(frozen=True, slots=True)
class LineOutcome:
    """What the line client made of a stream."""

    count: int
    """Events that the client read."""
    problem: str = ""
    last_line: str = ""
    came: int = 0
    """Events that came to it, as the standard reads the same bytes."""


def read_lines(target: Target, *, count: int) -> LineOutcome:
    """Read up to `count` events as the article's client does.

    Raises requests.RequestException when the connection or the request fails, and NoRoom when
    the server says "not now".
    """
    request = HttpRequest.chat(target.plain())
    settings = target.settings
    headers = {**dict(settings.headers), "Content-Type": "application/json"}
    verify: bool | str = False if settings.insecure else settings.ca_file or True
    timeout = (settings.limits.connect_s, settings.limits.first_event_s)
    target.bounds.budget.admit(1)
    with requests.Session() as session:
        # What the environment says of proxies and passwords is not part of this test.
        session.trust_env = False
        with session.post(
            target.endpoint.origin + target.endpoint.path,
            data=request.body,
            headers=headers,
            stream=True,
            timeout=timeout,
            verify=verify,
        ) as response:
            status, fields = response.status_code, response.headers
            if status == TOO_MANY_REQUESTS or (status == 503 and "Retry-After" in fields):
                raise NoRoom(status, asked_pause_s(fields.get))
            if status < HTTPStatus.OK:
                problem = (
                    f"Python's http.client takes the interim response ({status}) for the answer"
                )
                return LineOutcome(0, problem)
            large = target.known.large_event_bytes > LARGE_EVENT_BYTES
            chunk_bytes = LARGE_CHUNK_BYTES if large else 1
            return _read(
                response,
                count,
                within_s=settings.limits.total_s,
                chunk_bytes=chunk_bytes,
                sentinel=target.dialect.sentinel,
            )


def unreadable(error: BaseException) -> str:
    """Return what in an answer `requests` cannot read, or an empty string if it is not that.

    An end of the connection, a timeout or a refused connection is no answer that cannot be read.
    """
    seen: list[BaseException] = []
    pending: list[object] = [error]
    while pending:
        each = pending.pop(0)
        if not isinstance(each, BaseException) or each in seen:
            continue
        seen.append(each)
        pending += [*each.args, each.__cause__, each.__context__]
    # What ended the connection may have been wrapped in what came of it.
    of_requests = requests.RequestException
    if any(isinstance(each, OSError) and not isinstance(each, of_requests) for each in seen):
        return ""
    for each in seen:
        if isinstance(each, InvalidChunkLength):
            return f"chunk size {each.length!r}" if each.length else ""
        if isinstance(each, IncompleteRead):
            return ""
        if isinstance(each, HTTPException | DecodeError):
            return f"{type(each).__name__}: {each}"[:200]
    return ""


def _read(
    response: requests.Response,
    count: int,
    *,
    within_s: float,
    chunk_bytes: int,
    sentinel: str | None,
) -> LineOutcome:
    received = bytearray()
    ends_at = time.monotonic() + within_s
    content = response.iter_content
    left = False

    def overheard(*arguments: Any, **options: Any) -> Iterator[bytes]:
        nonlocal left
        for piece in content(*arguments, **options):
            received.extend(piece)
            yield piece
            # This answer may have fewer events than are waited for, and comments without end.
            if time.monotonic() >= ends_at:
                left = True
                return

    # Another answer may well have more or fewer events: what is missed is missed of this one.
    response.iter_content = overheard  # type: ignore[method-assign]  # iter_lines reads from it
    outcome = _read_lines(response, count, chunk_bytes, sentinel)
    if left:
        # The last line may have been left in its middle.
        outcome = replace(outcome, problem="")
    events = read_event_stream([Read(0.0, bytes(received))], ended=True).events
    came = sum(
        event.type == "message" and bool(event.data.strip("\n")) and event.data != sentinel
        for event in events
    )
    return replace(outcome, came=came)


def _read_lines(
    response: requests.Response, count: int, chunk_bytes: int, sentinel: str | None
) -> LineOutcome:
    found = 0
    last = ""
    for line in response.iter_lines(chunk_size=chunk_bytes):
        text = line.decode("utf-8", "replace")
        if not text.startswith("data:"):
            if text.lstrip("\ufeff").startswith("data:"):
                return LineOutcome(found, "a byte order mark hides a data line", text[:200])
            continue
        last = text[:200]
        data = text.partition(":")[2]
        if sentinel is not None and data.strip(" ") == sentinel:
            break
        try:
            value = json.loads(data)
        except ValueError:
            return LineOutcome(found, "a data line by itself is not JSON", last)
        if not isinstance(value, dict):
            return LineOutcome(found, "a data line is not a JSON object", last)
        found += 1
        if found >= count:
            break
    return LineOutcome(found, last_line=last)
