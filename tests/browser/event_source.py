"""Chromium's own EventSource, shown event streams by a server of ours."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

from .event_stream_server import EventStreamServer, Request

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from playwright.sync_api import Browser, CDPSession, Page

Seen: TypeAlias = tuple[str, str, str]
"""An event: type, data, last event ID."""

LIMIT_S = 60.0
"""How long all streams that are shown at once may take."""

# An EventSource has no listener for every type: each is named. A lost connection is an `error`
# that is no MessageEvent, where an event of that type in the stream is one.
_WATCH = """
([sources, limitMs]) => Promise.all(sources.map(({path, types, reconnects}) =>
  new Promise((resolve) => {
    const events = [];
    const source = new EventSource(path);
    const finish = (ended) => {
      clearTimeout(timer);
      source.close();
      resolve({events, ended});
    };
    const timer = setTimeout(() => finish(false), limitMs);
    const listener = (event) => {
      if (event instanceof MessageEvent) {
        events.push([event.type, event.data, event.lastEventId]);
      } else if (event.type === 'error'
          && (!reconnects || source.readyState === EventSource.CLOSED)) {
        finish(true);
      }
    };
    for (const type of types) source.addEventListener(type, listener);
  })))
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """A stream to be shown."""

    pieces: tuple[bytes, ...]
    awaited: bool = False
    """Whether each piece is to be a read of the browser's own; see `EventStreamServer.add`."""
    reconnects: bool = False
    """Whether to wait until the browser has come back."""


@dataclass(frozen=True, slots=True)
class Witnessed:
    """What Chromium made of a stream."""

    events: list[Seen]
    requests: tuple[Request, ...]
    """The first, and if it was to come back and did, the second."""
    pause_s: float | None
    """Time from the stream's end to the second request (seconds); None if it never came."""


class EventSources:
    """A page that opens EventSources; `opened` makes one."""

    def __init__(self, page: Page, devtools: CDPSession, server: EventStreamServer) -> None:
        self._page = page
        self._devtools = devtools
        self._server = server
        self._paths: dict[str, str] = {}
        self._dispatched: dict[str, int] = {}
        devtools.on("Network.requestWillBeSent", self._note_request)
        devtools.on("Network.dataReceived", self._note_data)
        devtools.on("Network.eventSourceMessageReceived", self._note_event)
        devtools.send("Network.enable")

    def watch(self, streams: Sequence[Shown], types: Iterable[str] = ()) -> list[Witnessed]:
        """Show streams, all at once; return what Chromium made of each.

        `types` are listened for in addition to those that the streams name. Raises AssertionError
        if Chromium has not seen a stream's end within LIMIT_S, or if it dispatched events of a type
        not foreseen.
        """
        paths = [self._server.add(stream.pieces, awaited=stream.awaited) for stream in streams]
        sources = [
            {
                "path": path,
                "types": sorted({*types, "message", "error", *types_in(b"".join(stream.pieces))}),
                "reconnects": stream.reconnects,
            }
            for path, stream in zip(paths, streams, strict=True)
        ]
        outcomes = self._page.evaluate(_WATCH, [sources, LIMIT_S * 1000])
        # The answer to this comes behind everything that DevTools had to report before.
        self._devtools.send("Runtime.evaluate", {"expression": "0"})
        return [
            self._witnessed(path, stream, outcome)
            for path, stream, outcome in zip(paths, streams, outcomes, strict=True)
        ]

    def _witnessed(self, path: str, stream: Shown, outcome: dict[str, Any]) -> Witnessed:
        requests = self._server.requests(path)
        shown = repr(b"".join(stream.pieces))
        assert outcome["ended"] or stream.reconnects, (
            f"within {LIMIT_S} s Chromium saw no end of {shown:.400}"
        )
        events = [(type_, data, last_event_id) for type_, data, last_event_id in outcome["events"]]
        dispatched = self._dispatched.get(path, 0)
        assert len(events) == dispatched, (
            f"{dispatched} events were dispatched, {len(events)} heard of {shown:.400}: "
            "there must have been one of a type that nothing listened for"
        )
        return Witnessed(events, requests, self._server.pause_s(path))

    # What DevTools report. The handlers run while `watch` waits for the page.

    def _note_request(self, message: dict[str, Any]) -> None:
        self._paths[message["requestId"]] = urlsplit(message["request"]["url"]).path

    def _note_data(self, message: dict[str, Any]) -> None:
        # What was on its way when the tools were opened, such as an icon, is not known to them.
        self._server.arrived(self._paths.get(message["requestId"], ""), message["dataLength"])

    def _note_event(self, message: dict[str, Any]) -> None:
        path = self._paths[message["requestId"]]
        self._dispatched[path] = self._dispatched.get(path, 0) + 1


@contextmanager
def opened(browser: Browser) -> Iterator[EventSources]:
    """Open a page of a server of event streams."""
    with EventStreamServer() as server:
        context = browser.new_context()
        try:
            page = context.new_page()
            page.goto(server.url)
            yield EventSources(page, context.new_cdp_session(page), server)
        finally:
            context.close()


def types_in(stream: bytes) -> set[str]:
    """Return every type that a stream may name, however it is read, and more."""
    values = {
        line.partition(":")[2]
        for line in re.split(r"[\r\n]", stream.decode("utf-8", "replace"))
        if "event" in line
    }
    return values | {value.removeprefix(" ") for value in values}
