"""The terminal's lines about a server that was started for the run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def process_lines(process: Mapping[str, Any]) -> Iterator[str]:
    """Yield lines about how a server's process ended. `process` is `Facts.process`."""
    if "died" in process:
        yield f"server        ended by itself in mid-run: {process['died']}; its last lines:"
        yield from (f"              {line}" for line in process["output"] or ["(none)"])
    shutdown = process.get("shutdown")
    if shutdown is None:
        return
    stream = f"; the open stream {shutdown['stream']}" if "stream" in shutdown else ""
    how = "did not end on SIGTERM, and was killed," if shutdown["killed"] else "ended on SIGTERM"
    yield f"shutdown      the server {how} after {shutdown['seconds']:.1f} s{stream}"
