"""The tab in locust's web page, seen as a browser would: over HTTP."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from .harness import (
    LENIENT,
    REQUEST_LIMIT_S,
    STOP_LIMIT_S,
    environment,
    locust_command,
    parameters,
    running_server,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START_LIMIT_S = 30.0


@contextmanager
def running_locust(folder: Path, url: str) -> Iterator[str]:
    """Run locust with its web page and the test under way; yield the page's URL."""
    options = ("--web-host", "127.0.0.1", "--web-port", 0, "--autostart")
    load = parameters(duration_s=600, users=2)
    command = locust_command(url, *options, *load, *LENIENT, "--profile", "steady")
    log = folder / "locust.log"
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment())
        try:
            yield f"http://127.0.0.1:{listening_port(process, log)}"
        finally:
            process.terminate()
            process.wait(STOP_LIMIT_S * 4)


def listening_port(process: subprocess.Popen[bytes], log: Path) -> int:
    """Return the port that a process listens on, as soon as it does."""
    watched = psutil.Process(process.pid)
    for _ in range(int(START_LIMIT_S / 0.1)):
        if process.poll() is not None:
            break
        for connection in watched.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN:
                return int(connection.laddr.port)
        try:
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
    pytest.fail(f"locust's page did not start: {log.read_text()}")


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=REQUEST_LIMIT_S) as answer:
        text: str = answer.read().decode("utf-8")
    return text


def read_stream(url: str) -> None:
    body = json.dumps({"prompt": "a stream", "history": []}).encode()
    with urllib.request.urlopen(f"{url}/api/stream-chat", body, REQUEST_LIMIT_S) as answer:
        answer.read()


def rows_of(page: str) -> list[dict[str, Any]]:
    """Return the rows of the tab's table."""
    stats = json.loads(get(f"{page}/stats/requests"))["extended_stats"]
    return next(item["data"] for item in stats if item["key"] == "streamchat")


def test_the_tab_shows_streams_while_they_run_and_the_page_their_charts(tmp_path: Path) -> None:
    with (
        running_server("--events", 5, "--interval", 0.01) as server,
        running_locust(tmp_path, server.url) as page,
    ):
        root = get(page)
        assert '"key": "streamchat"' in root or '"key":"streamchat"' in root
        # The table follows the run: a stream of one's own takes as long as one of the load's.
        rows: dict[str, dict[str, Any]] = {}
        until_s = time.monotonic() + START_LIMIT_S
        while "verified" not in rows and time.monotonic() < until_s:
            read_stream(server.url)
            rows = {row["what"]: row for row in rows_of(page)}
        assert rows["verified"]["count"] > 0
        assert rows["first event"]["p50"] > 0
        charts = get(f"{page}/streamchat")
        assert "<svg" in charts
        assert 'http-equiv="refresh"' in charts
        report = json.loads(get(f"{page}/streamchat.json"))
        assert report["outcomes"]["verified"] >= rows["verified"]["count"]
        assert report["faults"] == {}
