"""Where Chromium reads event streams otherwise than WHATWG HTML 9.2.6 says, and nothing else.

Each is known from its source, third_party/blink/renderer/modules/eventsource/event_source_parser.cc
(https://chromium.googlesource.com/chromium/src/+/refs/heads/main/third_party/blink/renderer/modules/eventsource/event_source_parser.cc),
and each has a test that sees it: should Chromium be fixed, that test says that the entry here is
to go. No issue of Chromium's tracker was found on any of them.

* A line end right behind a byte order mark is no line end: `AddBytes` skips the byte behind the
  mark once it has matched it, and that byte becomes part of the first line, which so loses its
  field. "The UTF-8 decode algorithm strips one leading UTF-8 Byte Order Mark (BOM), if any. The
  stream must then be parsed by reading everything line by line"
  (https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation).
  Modelled by `as_chromium_reads`.
* A retry without a value sets the time to the browser's own three seconds: the standard sets it to
  what the value says "if the field value consists of only ASCII digits", and ignores the field
  otherwise (https://html.spec.whatwg.org/multipage/server-sent-events.html#processField). WebKit
  has the same; https://github.com/web-platform-tests/wpt/pull/35249 speaks of it. `PAUSES_MS`.
* A retry of 2^64 or more is ignored, where the standard knows no limit. `HUGE_RETRY`.
"""

from __future__ import annotations

from typing import Final

BOM: Final = b"\xef\xbb\xbf"

LOST_EVENTS: Final = frozenset({"9.2.5-bom-then-blank-line"})
"""Cases of the corpus in which Chromium dispatches other events."""

PAUSES_MS: Final = {"9.2.6-retry-empty": 3000}
"""Cases of the corpus after which Chromium waits for another time (milliseconds) than it should."""

HUGE_RETRY: Final = 2**64
"""The least reconnection time (milliseconds) that Chromium ignores."""


def as_chromium_reads(stream: bytes) -> bytes:
    """Return a stream that a conforming client reads as Chromium reads this one."""
    if stream.startswith((BOM + b"\n", BOM + b"\r")):
        return b"x" + stream[len(BOM) + 1 :]
    return stream
