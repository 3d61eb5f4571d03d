"""Output of curl: the server's bytes, separated from what curl itself wrote among them.

With `2>&1`, or in a terminal, curl's error line, its progress meter and the lines of `-v` stand
in the same file as the response, sometimes in the middle of a line of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto


class CurlEnd(Enum):
    """How a transfer ended, as curl reports it."""

    COMPLETE = auto()
    """The response ended by its own framing."""
    CUT = auto()
    """The server closed the connection before the response had ended."""
    RESET = auto()
    """The connection was reset."""
    LEFT = auto()
    """curl stopped reading: its own time-out, a full disk, a closed pipe."""


@dataclass(frozen=True, slots=True)
class CurlOutput:
    """A file that curl wrote, taken apart."""

    received: bytes
    """What the server (or a proxy) sent: heads and body, or a body alone."""
    request_head: bytes | None = None
    """The head of the request, when `-v` printed it."""
    end: CurlEnd | None = None
    words: str = ""
    """curl's own error line, if it printed one."""
    code: int | None = None
    """The number of the error in `words`."""
    removed: bool = False
    """Whether something was removed behind the beginning of the response."""

    @property
    def chunks_broken(self) -> bool:
        """Whether curl gave up because the chunks were malformed."""
        return self.code == 56 and "chunk" in self.words

    @property
    def has_head(self) -> bool:
        """Whether the response has its head."""
        return STATUS_LINE.match(self.received) is not None


STATUS_LINE = re.compile(rb"HTTP/(\d(?:\.\d)?) (\d{3})(?: [^\r\n]*)?\r?(?:\n|\Z)")

_HEAD_END = re.compile(rb"\r?\n\r?\n")
_HEAD_START = re.compile(rb"^HTTP/\d(?:\.\d)? \d{3}", re.MULTILINE)

_STREAM_LINE = re.compile(rb"(?:\xef\xbb\xbf)?(?:(?:data|event|id|retry)(?::|\r|\n)|:)")

# The progress meter: two lines of headings, then one line that is written over and over.
_METER_HEADINGS = re.compile(rb"^ +% Total +% Received[^\n]*\n[^\n]*Dload[^\n]*\n", re.MULTILINE)
_TIME = rb"[-0-9:]{7,8}"
_METER = re.compile(
    rb"(?:\r|^)[ \d.kMGTP]{40,70}? +" + rb" +".join([_TIME] * 3) + rb" [ \d.kMGTP]{5}"
    # The line's own end, which comes when the transfer is over.
    rb"(?:\r?\n(?=\Z|curl: \(|\* ))?",
    re.MULTILINE,
)
_BAR_SEEN = re.compile(rb"\r#+ +\d{1,3}\.\d%")
_BAR = re.compile(rb"\r(?:#* +\d{1,3}\.\d%|[-#=O ]{20,})(?:\r?\n(?=\Z|curl: \(|\* ))?")

_MESSAGES: tuple[tuple[bytes, CurlEnd], ...] = (
    (rb"transfer closed with [^\r\n]*remaining[^\r\n]*", CurlEnd.CUT),
    (rb"end of response with [^\r\n]*missing", CurlEnd.CUT),
    (rb"Empty reply from server", CurlEnd.CUT),
    (rb"[^\r\n]*unexpected eof while reading[^\r\n]*", CurlEnd.CUT),
    (rb"Recv failure: Connection (?:was )?reset[^\r\n]*", CurlEnd.RESET),
    (rb"Operation timed out after \d+ milliseconds with [^\r\n]*received", CurlEnd.LEFT),
    (rb"Operation too slow[^\r\n]*", CurlEnd.LEFT),
    (rb"Fail(?:ure|ed) writing [^\r\n]*", CurlEnd.LEFT),
    (rb"Connection #\d+ to host [^\r\n]* left intact", CurlEnd.COMPLETE),
)
"""What curl says of a transfer's end, in its error line and in the lines of `-v`."""

_END_BY_CODE = {18: CurlEnd.CUT, 52: CurlEnd.CUT, 92: CurlEnd.CUT, 95: CurlEnd.CUT}
_MESSAGE = rb"|".join(pattern for pattern, _ in _MESSAGES)

_LAST_WORDS = re.compile(rb"curl: \((\d{1,3})\) ([^\r\n]*)\s*\Z")
_FIRST_WORDS = re.compile(rb"\A\s*curl: \((\d{1,3})\) ([^\r\n]*)(?:\r?\n)+(?=HTTP/)")
_INNER_WORDS = re.compile(rb"curl: \((\d{1,3})\) (" + _MESSAGE + rb")\r?\n")

_VERBOSE = re.compile(rb"^(?:> [A-Z]+ [^ \r\n]+ HTTP/\d|< HTTP/\d)", re.MULTILINE)
_AMOUNT = re.compile(rb"[{}] \[\d+ bytes data\]\r?\n")
_GLUED = re.compile(
    rb"(?<=[^\n])\* (" + _MESSAGE + rb"|(?i:closing connection)[- #\d]*)(?:\r?\n|\Z)"
)
_LINE = re.compile(rb"[^\n]*\n|[^\n]+\Z")
_REQUEST_LINE = re.compile(rb"[A-Z]+ \S+ HTTP/\d")


def separate(data: bytes) -> CurlOutput:
    """Return a file's bytes without what curl wrote itself."""
    received, words, code = _without_words(_without_progress(data))
    end = None if code is None else _end(words, code)
    request_head = None
    if received.startswith(b"* ") or _VERBOSE.search(received[: _response_start(received)]):
        received, request_head, said = _without_verbose(received)
        end = end or said
    start = _response_start(received)
    # Nothing that stands before a status line came from a server: curl shows no such response.
    received = received[start if start < len(received) else 0 :]
    body = received[len(final_head(received)) :]
    return CurlOutput(received, request_head, end, words, code, removed=body not in data)


def final_head(data: bytes) -> bytes:
    """Return all heads up to the final one, interim ones included."""
    at = 0
    while match := _HEAD_END.search(data, at):
        status = STATUS_LINE.match(data, at)
        if status is None:
            break
        at = match.end()
        if not status[2].startswith(b"1"):
            break
    return data[:at]


def is_trace(data: bytes) -> bool:
    """Return whether a file is what `curl --trace` or `--trace-ascii` writes."""
    return data.startswith((b"== Info:", b"=> Send"))


def looks_like_stream(body: bytes) -> bool:
    """Return whether a body begins as an event stream does."""
    return _STREAM_LINE.match(body.lstrip(b"\r\n")) is not None


def _response_start(data: bytes) -> int:
    """Return where the response's first status line stands; the length where there is none."""
    match = _HEAD_START.search(data)
    # A status line in the middle of a bare body is the server's own fault.
    return len(data) if match is None or looks_like_stream(data[: match.start()]) else match.start()


def _without_progress(data: bytes) -> bytes:
    if _METER_HEADINGS.search(data):
        return _METER.sub(b"", _METER_HEADINGS.sub(b"", data))
    return _BAR.sub(b"", data) if _BAR_SEEN.search(data) else data


def _without_words(data: bytes) -> tuple[bytes, str, int | None]:
    """Return the data without curl's error line, that line, and its number.

    Where standard output was buffered, the line stands before the response or inside it.
    """
    for pattern in (_LAST_WORDS, _FIRST_WORDS, _INNER_WORDS):
        match = pattern.search(data)
        if match is not None:
            words = f"({match[1].decode()}) {match[2].decode('utf-8', 'replace').strip()}"
            return data[: match.start()] + data[match.end() :], words, int(match[1])
    return data, "", None


def _end(words: str, code: int) -> CurlEnd:
    message = words.partition(" ")[2].encode("utf-8")
    return _said(message) or _END_BY_CODE.get(code, CurlEnd.LEFT)


def _said(message: bytes) -> CurlEnd | None:
    return next((end for pattern, end in _MESSAGES if re.match(pattern, message)), None)


def _without_verbose(data: bytes) -> tuple[bytes, bytes | None, CurlEnd | None]:
    """Return what the server sent, the head of the last request, and how the transfer ended."""
    end: CurlEnd | None = None
    for match in _GLUED.finditer(data):
        end = _said(match[1]) or end
    data = _AMOUNT.sub(b"", _GLUED.sub(b"", data))
    request: list[bytes] = []
    response: list[bytes] = []
    kept: list[bytes] = []
    sends = receives = False
    for line in _LINE.findall(data):
        mark, rest = line[:2], line[2:]
        if line.strip() in (b">", b"<"):
            # The empty line that ends a head; the space behind the mark may have been lost.
            mark, rest = line[:1] + b" ", line[1:].lstrip(b" ")
        if mark == b"> " and (sends or _REQUEST_LINE.match(rest)):
            if not sends:
                # A redirect, a login or a tunnel came before: what counts is the last exchange.
                request, response, kept, end = [], [], [], None
            request.append(rest)
            sends = bool(rest.strip())
        elif mark == b"< " and (receives or rest.startswith(b"HTTP/")):
            if receives and _HEAD_START.match(rest):
                # Behind an interim response `-v` leaves the empty line out.
                response.append(b"\r\n" if b"\r" in rest else b"\n")
            response.append(rest)
            receives = bool(rest.strip())
        elif mark == b"* ":
            end = _said(rest) or end
        else:
            kept.append(line)
    received = b"".join(kept)
    if response and not received.lstrip().startswith(b"HTTP/"):
        received = b"".join(response) + received
    return received, b"".join(request) or None, end
