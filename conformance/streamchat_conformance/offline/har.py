"""HTTP archives (HAR 1.2): what browsers and proxies save.

An archive has no bytes as they were on the wire: fields are taken apart, chunks and content
codings are undone. What depends on those is not decided.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urljoin, urlsplit

from streamchat_conformance.core.grammar import TOKEN
from streamchat_conformance.offline.har_body import request_body, response_body
from streamchat_conformance.offline.recording import (
    NO_BODY,
    NO_FIELD_LINES,
    NO_FRAMING,
    NO_HTTP1,
    NO_TIMES,
    Format,
    Reader,
    RecordedExchange,
    RecordingError,
    chunked,
)

_FIELD_NAME = re.compile(TOKEN)
_OF_THE_WIRE = frozenset({"content-length", "transfer-encoding", "content-encoding"})
"""Fields that describe the bytes as they were, not as the archive has them."""
_SHOWN_PATHS = 5


def is_har(document: Any) -> bool:
    """Return whether a JSON document is an HTTP archive."""
    return isinstance(document, dict) and isinstance(document.get("log"), dict)


def read_har(document: Any, name: str, reader: Reader) -> list[RecordedExchange]:
    """Read the answers to POSTs at the endpoint's path. Raises RecordingError."""
    log = _object(document.get("log"), name, "log")
    entries = log.get("entries")
    if not isinstance(entries, list):
        raise RecordingError(f"{name}: 'log.entries' is not an array; save the archive again")
    if not entries:
        raise RecordingError(
            f"{name}: the archive is empty: 'log.entries' has no request; start recording "
            "before the request is sent"
        )
    posts, others = _posts(entries, name, reader)
    if not posts:
        seen = ", ".join(list(dict.fromkeys(others))[:_SHOWN_PATHS])
        raise RecordingError(
            f"{name}: no POST to {reader.path} in it, but {seen[:200]}; set --endpoint-path"
        )
    found: list[RecordedExchange] = []
    skipped: list[str] = []
    for number, entry in posts:
        reason = _passed_over(entry, [later for at, later in posts if at > number])
        if reason:
            skipped.append(f"#{number} {reason}")
        else:
            found.append(_recording(entry, f"{name} #{number}", reader))
    if not found:
        raise RecordingError(f"{name}: no answer of the server is in it: {'; '.join(skipped)}")
    if skipped:
        found[0] = found[0].losing(note=f"not judged: {'; '.join(skipped)}")
    return found


def _posts(
    entries: list[Any], name: str, reader: Reader
) -> tuple[list[tuple[int, dict[str, Any]]], list[str]]:
    """Return the POSTs to the endpoint with their numbers, and what else was asked for.

    Where the endpoint redirects, the POST that follows is one of them.
    """
    posts: list[tuple[int, dict[str, Any]]] = []
    others: list[str] = []
    targets: set[str] = set()
    for number, entry in enumerate(entries, 1):
        place = f"{name} #{number}"
        request = _object(_object(entry, place, "entry").get("request"), place, "request")
        address = str(request.get("url", ""))
        try:
            path = urlsplit(address).path
        except ValueError:
            raise RecordingError(f"{place}: 'request.url' is not a URL: {address[:60]!r}") from None
        wanted = path == reader.path.partition("?")[0] or address in targets
        if request.get("method") != "POST" or not wanted:
            others.append(f"{request.get('method')} {path}")
            continue
        response = _object(entry.get("response"), place, "response")
        redirect = response.get("redirectURL")
        if isinstance(redirect, str) and redirect:
            targets.add(urljoin(address, redirect))
        posts.append((number, entry))
    return posts, others


def _passed_over(entry: dict[str, Any], later: list[dict[str, Any]]) -> str:
    """Return why an entry has no answer of the server to judge, or an empty string."""
    status, address = entry["response"].get("status"), str(entry["request"].get("url", ""))
    followed = [str(other["request"].get("url", "")) for other in later]
    if not isinstance(status, int) or not 100 <= status <= 999:
        return f"has no response (status {str(status)[:20]})"
    if status == 407:
        return "is a proxy's answer (407)"
    if status == 401 and address in followed:
        return "was asked again with a password (401)"
    redirect = str(entry["response"].get("redirectURL") or "")
    if 300 <= status < 400 and redirect and urljoin(address, redirect) in followed:
        return f"was redirected ({status})"
    return ""


def _recording(entry: dict[str, Any], place: str, reader: Reader) -> RecordedExchange:
    request, response = entry["request"], entry["response"]
    undecidable: tuple[str, ...] = (*NO_TIMES, *NO_FRAMING, *NO_FIELD_LINES)
    if str(response.get("httpVersion", "")).lower() == "http/1.1":
        undecidable += tuple(glob for glob in NO_HTTP1 if not glob.startswith("headers."))
    else:
        undecidable += NO_HTTP1
    status = response["status"]
    body = response_body(entry, place)
    # An archive of a refusal is whole; a stream may have been left in the middle.
    ended = body.whole and (reader.ended or status != 200)
    undecidable += body.undecidable
    if not body.whole and status != 200:
        undecidable += NO_BODY
    fields = _fields(response.get("headers"), place)
    lines = [f"HTTP/1.1 {status} "]
    lines += [f"{key}: {value}" for key, value in fields if key.lower() not in _OF_THE_WIRE]
    lines += ["Transfer-Encoding: chunked", "", ""]
    asked = _request(request, place) if reader.request is None else None
    notes = body.notes
    if asked is None and reader.request is None and 400 <= status < 500:
        # A refusal may be right or wrong: only the request says which.
        undecidable += ("request.*", "error.*")
        notes += ("whether the refusal is right depends on the request, whose body is not there",)
    return reader.recording(
        "\r\n".join(lines).encode("latin-1", "replace") + chunked(body.data, ended=ended),
        name=place,
        format_=Format.HAR,
        undecidable=undecidable,
        request=asked,
        notes=notes,
        origin=_origin(request),
    )


def _origin(request: dict[str, Any]) -> str:
    url = urlsplit(str(request.get("url", "")))
    return f"{url.scheme or 'http'}://{url.netloc.rpartition('@')[2]}" if url.netloc else ""


def _request(request: dict[str, Any], place: str) -> bytes | None:
    """Return the request's bytes as they may have been, or None when its body is not there."""
    given = _fields(request.get("headers"), place)
    length = next((value for key, value in given if key.lower() == "content-length"), None)
    body = request_body(request.get("postData"), request.get("bodySize"), length)
    if body is None:
        return None
    url = urlsplit(str(request["url"]))
    target = url.path + (f"?{url.query}" if url.query else "")
    fields = [(key, value) for key, value in given if key.lower() not in _OF_THE_WIRE | {"host"}]
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
