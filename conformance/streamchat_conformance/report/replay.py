"""Commands that send a request again by hand: curl where curl can, else raw bytes."""

from __future__ import annotations

import base64
import shlex

from streamchat_conformance.core.sent_request import SentRequest, parse_request

INLINE_BYTES = 2048
"""Longer requests are not put on a command line."""

SHOWN_LINES = 12
"""Lines of a request that are shown in plain text: the head of an ordinary one, and its body."""
LINE_CHARACTERS = 120
"""How much of a line is shown."""
SCANNED_BYTES = 64 * 1024

_ESCAPES = {9: "\\t", 10: "\\n", 13: "\\r", 92: "\\\\"}
_WRITTEN_BY_CURL = frozenset({"host", "content-length", "transfer-encoding"})


def replay(request: bytes, base_url: str) -> str:
    """Return a shell command that sends this request to the server at `base_url` again."""
    sent = parse_request(request)
    if not _as_curl_writes(sent, request) or len(request) > INLINE_BYTES:
        return raw(request, base_url)
    words = ["curl", "-isN", "--raw", "-X", sent.method]
    if sent.version == "HTTP/1.0":
        words.append("--http1.0")
    for name, value in sent.fields:
        if name.lower() not in _WRITTEN_BY_CURL:
            words += ["-H", f"{name}: {value}"]
    if sent.first("content-type") is None:
        words += ["-H", "Content-Type:"]
    if sent.chunked:
        words += ["-H", "Transfer-Encoding: chunked"]
    url = base_url.rstrip("/") + sent.target
    text = _printable(sent.body)
    if text is None:
        encoded = base64.b64encode(sent.body).decode("ascii")
        quoted = " ".join(shlex.quote(word) for word in words)
        return f"printf %s {encoded} | base64 -d | {quoted} --data-binary @- {shlex.quote(url)}"
    if text or sent.method == "POST":
        words += ["--data-binary", text]
    return " ".join(shlex.quote(word) for word in [*words, url])


def in_clear(request: bytes) -> str:
    """Return the request's first lines for readers, where `replay` does not show them.

    Lines are parted by bars; what is not printable ASCII is escaped.
    """
    sent = parse_request(request)
    short = len(request) <= INLINE_BYTES
    if short and _as_curl_writes(sent, request) and _printable(sent.body) is not None:
        return ""
    pieces = request[:SCANNED_BYTES].split(b"\r\n")
    shown = [_escaped(piece) for piece in pieces[:SHOWN_LINES]]
    if len(pieces) > SHOWN_LINES or len(request) > SCANNED_BYTES:
        shown.append("…")
    return " | ".join(shown)


def _as_curl_writes(sent: SentRequest, request: bytes) -> bool:
    """Return whether curl can send this request: it writes one chunk, and no more than its size."""
    if not sent.well_formed or not sent.chunked:
        return sent.well_formed
    size, body = len(sent.body), sent.body
    chunk = b"%x\r\n%b\r\n" % (size, body) if body else b""
    return request.partition(b"\r\n\r\n")[2] == chunk + b"0\r\n\r\n"


def _escaped(line: bytes) -> str:
    """Return a line's beginning with escapes for all that is not printable ASCII."""
    text = "".join(
        chr(byte) if 32 <= byte < 127 and byte != 92 else _ESCAPES.get(byte, f"\\x{byte:02x}")
        for byte in line[:LINE_CHARACTERS]
    )
    return f"{text}… ({len(line):,} bytes)" if len(line) > LINE_CHARACTERS else text


def raw(request: bytes, base_url: str) -> str:
    """Return a shell command that writes the request's bytes as they are."""
    scheme, _, authority = base_url.partition("://")
    host, _, port = authority.rstrip("/").rpartition(":")
    if not host:
        host, port = authority.rstrip("/"), "443" if scheme == "https" else "80"
    if len(request) > INLINE_BYTES:
        return (
            f"the request has {len(request)} bytes: 'streamchat-conformance replay REPORT.json ID' "
            "sends it again (--report-json writes the report)"
        )
    encoded = base64.b64encode(request).decode("ascii")
    if scheme == "https":
        client = f"openssl s_client -quiet -connect {shlex.quote(f'{host}:{port}')}"
    else:
        client = f"nc {shlex.quote(host.strip('[]'))} {shlex.quote(port)}"
    return f"printf %s {encoded} | base64 -d | {client}"


def _printable(body: bytes) -> str | None:
    """Return a body as text if a shell can carry it, else None."""
    try:
        text = body.decode("ascii")
    except UnicodeDecodeError:
        return None
    if text.startswith("@") or any(ord(character) < 32 for character in text):
        return None
    return text
