"""Reading a request's body from WSGI: bounded, complete, and always before a refusal.

A body left unread would be taken for the next request on the connection, or make the server
close it under a client that is still sending.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

READ_BYTES = 64 * 1024


class BodyError(Exception):
    """The body cannot be read. The connection cannot be used again: where it goes on is unknown."""

    status = 400


class BodyTooLargeError(BodyError):
    """The body is larger than the limit."""

    status = 413


class BodyTooLateError(BodyError):
    """The body did not arrive in time."""

    status = 408


class _Input(Protocol):
    def read(self, size: int, /) -> bytes: ...


def read_body(environ: Mapping[str, object], limit_bytes: int) -> bytes:
    """Read the whole body, at most `limit_bytes`.

    Raises `BodyTooLargeError` (413; without reading, where the length is declared),
    `BodyTooLateError` (408, where the server has a read timeout), `BodyError` (400: the
    client stopped in the middle, or its chunks are malformed).
    """
    declared = str(environ.get("CONTENT_LENGTH") or "")
    # A chunked body has no declared length. Servers that can read it say that its end is marked.
    chunked = bool(environ.get("HTTP_TRANSFER_ENCODING") and environ.get("wsgi.input_terminated"))
    if not declared and not chunked:
        return b""
    if declared and not (declared.isascii() and declared.isdigit()):
        raise BodyError("Content-Length must be digits")
    # Python refuses to convert very long digits; a length of this many is too large in any case.
    length = None if chunked else int(declared.lstrip("0")[:19] or "0")
    if length is not None and length > limit_bytes:
        raise BodyTooLargeError(f"Request body must be at most {limit_bytes} bytes")
    wanted = limit_bytes + 1 if length is None else length
    body = _read(cast("_Input", environ["wsgi.input"]), wanted)
    if len(body) > limit_bytes:
        raise BodyTooLargeError(f"Request body must be at most {limit_bytes} bytes")
    if length is not None and len(body) < length:
        raise BodyError("Request body ended early")
    return body


def _read(stream: _Input, wanted: int) -> bytes:
    body = bytearray()
    try:
        while len(body) < wanted:
            piece = stream.read(min(READ_BYTES, wanted - len(body)))
            if not piece:
                break
            body += piece
    except TimeoutError:
        raise BodyTooLateError("Request body did not arrive in time") from None
    except Exception:  # noqa: BLE001 - WSGI names no exceptions here, and servers raise their own
        raise BodyError("Request body is malformed or incomplete") from None
    return bytes(body)
