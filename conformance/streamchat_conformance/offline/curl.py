"""Recordings made with curl, and bare event streams."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from streamchat_conformance.core.exchange import Ending
from streamchat_conformance.core.fields import tokens
from streamchat_conformance.core.http1 import Framing, ResponseReader
from streamchat_conformance.offline.curl_output import (
    STATUS_LINE,
    CurlEnd,
    CurlOutput,
    final_head,
    looks_like_stream,
    separate,
)
from streamchat_conformance.offline.encodings import RecordedText
from streamchat_conformance.offline.line_ends import (
    restore_chunks,
    with_carriage_returns,
    with_line_feeds,
)
from streamchat_conformance.offline.recording import (
    NO_BODY,
    NO_FRAMING,
    NO_HEAD,
    NO_LINE_ENDS,
    NO_REQUEST_VERSION,
    NO_TIMES,
    Format,
    Reader,
    RecordedExchange,
    RecordingError,
    chunked,
)

_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,16}[ \t]*(?:;[^\r\n]*)?\r?\n")
_WRONG_SIZE = re.compile(rb"(?!data\r|id\r)[0-9A-Za-z+-]{1,18}[ \t]*(?:;[^\r\n]*)?\r\n")
_FRAMING_LINE = re.compile(
    rb"^(?:content-length|transfer-encoding):[^\n]*\n", re.IGNORECASE | re.MULTILINE
)
_CODING_LINE = re.compile(rb"^content-encoding:[^\n]*\n", re.IGNORECASE | re.MULTILINE)
_REDIRECTED = (301, 302, 303, 307, 308)
_ENDINGS = {
    CurlEnd.CUT: Ending.CLOSED,
    CurlEnd.RESET: Ending.RESET,
    CurlEnd.LEFT: Ending.ABANDONED,
}


@dataclass(frozen=True, slots=True)
class _Response:
    """A response on its way from a file to a recording."""

    head: bytes
    body: bytes
    undecidable: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def losing(self, *globs: str, note: str, **changes: bytes) -> _Response:
        """Return the response with less that it can decide, and why."""
        return replace(
            self,
            undecidable=(*self.undecidable, *globs),
            notes=(*self.notes, note),
            **changes,
        )


def read_curl(text: RecordedText, name: str, reader: Reader) -> RecordedExchange:
    """Read what `curl -isN --raw` printed. Raises RecordingError."""
    output = separate(text.data)
    if not output.has_head:
        return _without_head(output, name, reader)
    data, redirected = _last_response(output.received, name)
    head = final_head(data)
    response = _Response(head, data[len(head) :], NO_TIMES)
    if redirected:
        response = response.losing(note=f"it was redirected ({redirected}): the last answer counts")
    if output.words:
        response = response.losing(note=f"curl reported: {output.words}")
    response = _line_ends(response, text)
    if output.code == 22 and not response.body:
        response = response.losing(
            *NO_BODY, *NO_FRAMING, note="curl --fail does not keep the body of an error"
        )
    response = _undone(response, output, reader)
    return _finished(response, output, name, reader)


def read_body(text: RecordedText, name: str, reader: Reader) -> RecordedExchange:
    """Read a bare event stream."""
    output = separate(text.data)
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    response = _Response(head, output.received, (*NO_TIMES, *NO_HEAD))
    if text.marked or text.transcoded:
        response = response.losing(
            "sse.bom", note="whether the server sent the byte order mark is not known"
        )
    if text.transcoded:
        response = response.losing(
            "sse.line-endings", note="the file was rewritten in another encoding"
        )
    if output.words:
        response = response.losing(note=f"curl reported: {output.words}")
    ended = output.end is CurlEnd.COMPLETE or (output.end is None and reader.ended)
    body = _without_tail(output.received)
    return reader.recording(
        head + chunked(body, ended=ended),
        name=name,
        format_=Format.BODY,
        undecidable=response.undecidable,
        notes=response.notes,
        ending=_ENDINGS.get(output.end) if output.end else None,
    )


def _without_head(output: CurlOutput, name: str, reader: Reader) -> RecordedExchange:
    """Return the recording of a connection that ended before a response began."""
    if output.received.strip():
        raise RecordingError(
            f"{name}: no status line (HTTP/1.1 200 …) is in it; record with curl -isN --raw"
        )
    if output.end not in (CurlEnd.CUT, CurlEnd.RESET):
        said = f"; curl reported: {output.words}" if output.words else ""
        raise RecordingError(f"{name}: there is no response in it{said}")
    return reader.recording(
        b"",
        name=name,
        format_=Format.CURL,
        undecidable=NO_TIMES,
        request_head=output.request_head,
        notes=(f"curl reported: {output.words or 'no response'}",),
        ending=_ENDINGS[output.end],
    )


def _last_response(data: bytes, name: str) -> tuple[bytes, int]:
    """Return the response that counts, and the status of a redirect before it, or 0.

    A tunnel, a login or a redirect comes before it, each a head alone. Raises RecordingError.
    """
    redirected = 0
    while True:
        status = STATUS_LINE.match(data)
        assert status is not None
        head = final_head(data)
        code = int((STATUS_LINE.match(_last_head(head)) or status)[2])
        following = data[len(head) :]
        if not head or not STATUS_LINE.match(following) or not _comes_before(code, head):
            break
        redirected = code if code in _REDIRECTED else redirected
        data = following
    if not status[1].startswith(b"1"):
        version = status[1].decode("latin-1")
        raise RecordingError(f"{name}: it is HTTP/{version}; record with curl --http1.1")
    if code == 407:
        raise RecordingError(
            f"{name}: the answer is a proxy's (407: it wants a password), not the server's"
        )
    if redirected in (301, 302, 303) and code >= 300:
        raise RecordingError(
            f"{name}: curl follows a {redirected} with a GET; record from the URL in its Location"
        )
    return data, redirected


def _last_head(heads: bytes) -> bytes:
    """Return the last of several heads."""
    start = max(heads.rfind(b"\nHTTP/", 0, -4) + 1, 0)
    return heads[start:]


def _comes_before(code: int, head: bytes) -> bool:
    """Return whether a head that another head follows directly is not the answer itself."""
    if code in (401, 407, *_REDIRECTED):
        return True
    # A proxy's 2xx to CONNECT has no content; a stream with a status line in it has.
    return 200 <= code < 300 and not re.search(
        rb"^content-type:", head, re.IGNORECASE | re.MULTILINE
    )


def _line_ends(response: _Response, text: RecordedText) -> _Response:
    """Return a response with the line ends that its framing needs, where the file lost them."""
    head, body = response.head, response.body
    lost = b"\r" not in head
    widened = text.transcoded or (not lost and b"\n" in body and _all_widened(body))
    if widened and not text.transcoded and not _disagrees(head + body):
        return response
    if not lost and not widened:
        return response
    note = (
        "the file was rewritten by a shell or an editor: how the server ended its lines is unknown"
        if not lost
        else "there is no CR in the file, which may have been pasted: line ends are not judged"
    )
    head = with_carriage_returns(with_line_feeds(head))
    body = with_line_feeds(body) if widened else body
    reading = ResponseReader()
    reading.receive(head, 0.0)
    if reading.framing is Framing.CHUNKED and _CHUNK_SIZE.match(body):
        restored = restore_chunks(body)
        if restored is not None:
            return response.losing(*NO_LINE_ENDS, note=note, head=head, body=restored.data)
        if not lost and not text.transcoded:
            return response
        note += "; the chunks cannot be read without them"
        return response.losing(*NO_LINE_ENDS, *NO_FRAMING, *NO_BODY, note=note, head=head, body=b"")
    length = reading.content_length
    if reading.framing is Framing.LENGTH and length is not None:
        fitting = (body, body[:length], with_carriage_returns(body))
        body = next((form for form in fitting if len(form) == length), body)
        if len(body) != length:
            # Neither form has the length that was announced: take what there is for the body.
            head = _FRAMING_LINE.sub(b"", head)[:-2] + b"Transfer-Encoding: chunked\r\n\r\n"
            response = response.losing(*NO_FRAMING, note="its length does not fit the body")
            body = chunked(body, ended=True)
    # Such a file may also have lost, or got, the empty lines at its end.
    return response.losing(*NO_LINE_ENDS, "sse.final-blank-line", note=note, head=head, body=body)


def _all_widened(body: bytes) -> bool:
    return body.count(b"\n") == body.count(b"\r\n")


def _disagrees(data: bytes) -> bool:
    """Return whether the chunks' sizes, or the length, do not fit the body."""
    reader = ResponseReader()
    reader.receive(data, 0.0)
    return reader.broken or bool(reader.end_offset and data[reader.end_offset :].strip())


def _undone(response: _Response, output: CurlOutput, reader: Reader) -> _Response:
    """Return a response whose chunks or content coding curl has undone, in chunks again."""
    head, body = response.head, response.body
    reading = ResponseReader()
    reading.receive(head, 0.0)
    if reading.head is None or not body:
        return response
    plain = looks_like_stream(body) or body[:1] in (b"{", b"[")
    coded = plain and _CODING_LINE.search(head) is not None
    is_chunked = reading.framing is Framing.CHUNKED
    in_chunks = _CHUNK_SIZE.match(body) or _WRONG_SIZE.match(body)
    if not (is_chunked and not in_chunks) and not (coded and not is_chunked):
        return response
    if is_chunked and output.chunks_broken:
        # What curl wrote up to there may have bytes of the framing in it. Its word stands where
        # the next chunk should.
        return response.losing(
            *NO_BODY,
            *(glob for glob in NO_FRAMING if glob != "transport.chunks-well-formed"),
            note="its chunks were undone, as far as that was possible",
            body=chunked(body, ended=False) + output.words.encode() + b"\r\n",
        )
    end = output.end
    complete = end is CurlEnd.COMPLETE or (
        end is None and (reader.ended or body[:1] in (b"{", b"["))
    )
    body = _without_tail(body)
    # Where curl says how the transfer ended, the end is as good as seen.
    globs = tuple(
        glob
        for glob in NO_FRAMING
        if not (is_chunked and glob in _ENDS_OF_CHUNKS and end in _DECISIVE)
    )
    if coded:
        head = _CODING_LINE.sub(b"", head)
        globs += ("headers.identity-encoding", "headers.well-formed")
    if not is_chunked:
        head = _FRAMING_LINE.sub(b"", head)[:-2] + b"Transfer-Encoding: chunked\r\n\r\n"
    return response.losing(
        *globs,
        note="its chunks were undone; curl --raw keeps them",
        head=head,
        body=chunked(body, ended=complete),
    )


_ENDS_OF_CHUNKS = ("transport.terminated", "error.delimited")
_DECISIVE = (CurlEnd.CUT, CurlEnd.RESET, CurlEnd.COMPLETE)


def _without_tail(body: bytes) -> bytes:
    """Return a body without lines at its end that may be the recorder's.

    Behind the last event, `curl -w`, `time`, a shell's prompt and trailers leave lines that are
    not fields. A server's own stray lines at that place look the same, so they are not judged.
    """
    end = max(body.rfind(b"\n\n"), body.rfind(b"\n\r\n"))
    if end < 0:
        return body
    tail = body[end:].lstrip(b"\r\n")
    if tail.startswith((b"HTTP/", b"<")):
        return body
    lines = tail.splitlines()
    return body if any(looks_like_stream(line + b"\n") for line in lines) else body[: end + 2]


def _finished(
    response: _Response, output: CurlOutput, name: str, reader: Reader
) -> RecordedExchange:
    recording = reader.recording(
        response.head + response.body,
        name=name,
        format_=Format.CURL,
        undecidable=response.undecidable,
        request_head=output.request_head,
        notes=response.notes,
        ending=_ENDINGS.get(output.end) if output.end else None,
    )
    reading = ResponseReader()
    reading.receive(response.head + response.body, 0.0)
    head = reading.head
    if output.removed and reading.framing is Framing.CHUNKED and reading.broken:
        recording = recording.losing(
            *NO_FRAMING, *NO_BODY, note="lines of curl stand inside the body, which is not judged"
        )
    if head is None or reader.head_known or output.request_head is not None:
        return recording
    closing = reading.framing is Framing.CLOSE and "close" in tokens(head.values("connection"))
    if head.version == "HTTP/1.1" and not closing:
        return recording
    return recording.losing(
        *NO_REQUEST_VERSION,
        note="a client of HTTP/1.0 may have asked; curl -v keeps the head of the request",
    )
