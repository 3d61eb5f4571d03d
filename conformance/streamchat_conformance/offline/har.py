"""HTTP archives (HAR 1.2): what browsers and proxies save.

An archive has no bytes as they were on the wire: fields are taken apart, chunks and content
codings are undone. What depends on those is not decided.
"""

from __future__ import annotations

import base64
import re
from typing import Any
from urllib.parse import urlsplit

from streamchat_conformance.offline.recording import (
    NO_BODY,
    NO_FIELD_LINES,
    NO_FRAMING,
    NO_HTTP1,
    NO_TIMES,
    Format,
    Reader,
    Recording,
    RecordingError,
    chunked,
)

_FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OF_THE_WIRE = frozenset({"content-length", "transfer-encoding", "content-encoding"})
"""Fields that describe the bytes as they were, not as the archive has them."""
_SHOWN_PATHS = 5


def is_har(document: Any) -> bool:
    """Tell whether a JSON document is an HTTP archive."""
    return isinstance(document, dict) and isinstance(document.get("log"), dict)


def read_har(document: Any, name: str, reader: Reader) -> list[Recording]:
    """Read the answers to POSTs at the endpoint's path. Raises RecordingError."""
    log = _object(document.get("log"), name, "log")
    entries = log.get("entries")
    if not isinstance(entries, list):
        raise RecordingError(f"{name}: 'log.entries' is not an array; save the archive again")
    found, others = [], []
    for number, entry in enumerate(entries, 1):
        place = f"{name} #{number}"
        request = _object(_object(entry, place, "entry").get("request"), place, "request")
        url = urlsplit(str(request.get("url", "")))
        if request.get("method") == "POST" and url.path == reader.path.partition("?")[0]:
            response = _object(entry.get("response"), place, "response")
            found.append(_recording(request, response, place, reader))
        else:
            others.append(f"{request.get('method')} {url.path}")
    if not found:
        seen = ", ".join(list(dict.fromkeys(others))[:_SHOWN_PATHS]) or "nothing"
        raise RecordingError(
            f"{name}: no POST to {reader.path} in it, but {seen[:200]}; set --endpoint-path"
        )
    return found


def _recording(
    request: dict[str, Any], response: dict[str, Any], place: str, reader: Reader
) -> Recording:
    undecidable: tuple[str, ...] = (*NO_TIMES, *NO_FRAMING, *NO_FIELD_LINES)
    if str(response.get("httpVersion", "")).lower() == "http/1.1":
        undecidable += tuple(glob for glob in NO_HTTP1 if not glob.startswith("headers."))
    else:
        undecidable += NO_HTTP1
    status = response.get("status")
    if not isinstance(status, int) or not 100 <= status <= 999:
        raise RecordingError(f"{place}: no response was recorded (status {status!r})")
    body, notes = _body(response, place)
    if body is None:
        undecidable += NO_BODY
    fields = _fields(response.get("headers"), place)
    lines = [f"HTTP/1.1 {status} "]
    lines += [f"{key}: {value}" for key, value in fields if key.lower() not in _OF_THE_WIRE]
    lines += ["Transfer-Encoding: chunked", "", ""]
    # An archive of a refusal is whole; a stream may have been left in the middle.
    ended = body is not None and (reader.ended or status != 200)
    return reader.recording(
        "\r\n".join(lines).encode("latin-1", "replace") + chunked(body or b"", ended=ended),
        name=place,
        format_=Format.HAR,
        undecidable=undecidable,
        request=None if reader.request is not None else _request(request, place),
        notes=notes,
    )


def _body(response: dict[str, Any], place: str) -> tuple[bytes | None, tuple[str, ...]]:
    content = _object(response.get("content", {}), place, "response.content")
    text = content.get("text")
    if text is None:
        return None, ("the archive has no body of the response",)
    if not isinstance(text, str):
        raise RecordingError(f"{place}: 'response.content.text' is not a string")
    if content.get("encoding") == "base64":
        try:
            return base64.b64decode(text, validate=True), ()
        except ValueError:
            raise RecordingError(f"{place}: 'response.content.text' is not base64") from None
    return text.encode("utf-8", "replace"), ()


def _request(request: dict[str, Any], place: str) -> bytes | None:
    """Return the request's bytes as they may have been, or None when its body is not there."""
    post = request.get("postData")
    text = post.get("text") if isinstance(post, dict) else None
    if not isinstance(text, str):
        return None
    body = text.encode("utf-8", "replace")
    url = urlsplit(str(request["url"]))
    target = url.path + (f"?{url.query}" if url.query else "")
    fields = [
        (key, value)
        for key, value in _fields(request.get("headers"), place)
        if key.lower() not in _OF_THE_WIRE | {"host"}
    ]
    lines = [f"POST {target} HTTP/1.1", f"Host: {url.netloc.rpartition('@')[2]}"]
    lines += [f"{key}: {value}" for key, value in fields]
    lines += [f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode("latin-1", "replace") + body


def _fields(headers: Any, place: str) -> list[tuple[str, str]]:
    """Return field names and values; the pseudo-fields of HTTP/2 are left out."""
    if not isinstance(headers, list):
        raise RecordingError(f"{place}: 'headers' is not an array; save the archive again")
    fields = []
    for header in headers:
        member = _object(header, place, "headers")
        name, value = member.get("name"), member.get("value")
        if isinstance(name, str) and isinstance(value, str) and _FIELD_NAME.fullmatch(name):
            # Some writers put repeated fields into one value, a line each.
            fields += [(name, line.strip()) for line in re.split(r"[\r\n]+", value)]
    return fields


def _object(value: Any, place: str, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise RecordingError(f"{place}: {name!r} is not an object; save the archive again")
    return value
