"""Recordings made with curl, and bare event streams."""

from __future__ import annotations

import re

from streamchat_conformance.offline.recording import (
    NO_FRAMING,
    NO_HEAD,
    NO_TIMES,
    Format,
    Reader,
    Recording,
    RecordingError,
    chunked,
)

_HEAD_END = re.compile(rb"\r?\n\r?\n")
_STATUS = re.compile(rb"HTTP/(\S+) (\d{3})")
_TUNNEL = re.compile(rb"HTTP/1\.[01] 2\d\d [^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n(?=HTTP/)")
_CHUNKED = re.compile(rb"^transfer-encoding:[ \t]*chunked[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,16}[ \t]*(?:;[^\r\n]*)?\r?\n")
_STREAM_LINE = re.compile(rb"(?:\xef\xbb\xbf)?(?:(?:data|event|id|retry)(?::|\r|\n)|:)")


def looks_like_stream(body: bytes) -> bool:
    """Tell whether a body begins as an event stream does."""
    return _STREAM_LINE.match(body.lstrip(b"\r\n")) is not None


def read_curl(data: bytes, name: str, reader: Reader) -> Recording:
    """Read what `curl -isN --raw` printed. Raises RecordingError."""
    tunnel = _TUNNEL.match(data)
    if tunnel is not None:
        data = data[tunnel.end() :]
    status = _STATUS.match(data)
    if status is not None and not status[1].startswith(b"1."):
        version = status[1].decode("latin-1")
        raise RecordingError(f"{name}: it is HTTP/{version}; record with curl --http1.1")
    head = _final_head(data)
    body = data[len(head) :]
    # `--raw` was left out: curl has undone the chunks that the head announces.
    undone = (
        _CHUNKED.search(head) is not None
        and _CHUNK_SIZE.match(body) is None
        and (looks_like_stream(body) or body[:1] in (b"{", b"["))
    )
    if undone:
        return reader.recording(
            head + chunked(body, ended=reader.ended or body[:1] in (b"{", b"[")),
            name=name,
            format_=Format.CURL,
            undecidable=(*NO_TIMES, *NO_FRAMING),
            notes=("its chunks were undone; curl --raw keeps them",),
        )
    return reader.recording(data, name=name, format_=Format.CURL, undecidable=NO_TIMES)


def _final_head(data: bytes) -> bytes:
    """Return all heads up to the final one, interim ones included."""
    at = 0
    while match := _HEAD_END.search(data, at):
        status = _STATUS.match(data, at)
        at = match.end()
        if status is None or not status[2].startswith(b"1"):
            break
    return data[:at]


def read_body(data: bytes, name: str, reader: Reader) -> Recording:
    """Read a bare event stream."""
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    return reader.recording(
        head + chunked(data, ended=reader.ended),
        name=name,
        format_=Format.BODY,
        undecidable=(*NO_TIMES, *NO_HEAD),
    )
