"""The tab in locust's web page, seen as a browser would: over HTTP."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.error
import urllib.parse
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
    refusing_port,
    running_server,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START_LIMIT_S = 30.0


@contextmanager
def running_locust(folder: Path, url: str | None) -> Iterator[str]:
    """Run locust with its web page; yield the page's URL.

    With the URL of a target the test is under way, without one it is to be started on the page.
    """
    options = ("--web-host", "127.0.0.1", "--web-port", 0)
    load = parameters(duration_s=600, users=2)
    if url is not None:
        command = locust_command(url, *options, "--autostart", *load, *LENIENT)
    else:
        command = [*locust_command("", *options, *load, *LENIENT)]
        at = command.index("--host")
        del command[at : at + 2]
    command += ["--profile", "steady"]
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


def start(page: str, host: str) -> None:
    """Send the form that starts a run, with the fields that it always has."""
    form = urllib.parse.urlencode(
        {"user_count": 7, "spawn_rate": 1, "host": host, "run_time": "", "profile": "steady"}
    )
    answer = urllib.request.urlopen(f"{page}/swarm", form.encode(), REQUEST_LIMIT_S)
    with answer:
        assert json.load(answer)["success"]


def wait_for(page: str, what: str) -> dict[str, Any]:
    """Return the report as soon as it has a member."""
    until_s = time.monotonic() + START_LIMIT_S
    found: dict[str, Any] = {}
    while what not in found and time.monotonic() < until_s:
        try:
            found = json.loads(get(f"{page}/streamchat.json"))
        except urllib.error.HTTPError as error:
            found = json.load(error)
            if found.get("error") == "there was no run" != what:
                found = {}
    return found


def test_a_run_whose_target_is_named_on_the_page_runs(tmp_path: Path) -> None:
    with (
        running_server("--events", 5, "--interval", 0.01) as server,
        running_locust(tmp_path, None) as page,
    ):
        start(page, server.url)
        report = wait_for(page, "outcomes")
        assert report["target"].startswith(server.url)
        # What the command line says of the profile's users comes first.
        assert report["parameters"] == {"duration_s": "600", "users": "2"}
        until_s = time.monotonic() + START_LIMIT_S
        while not report["outcomes"]["verified"] and time.monotonic() < until_s:
            read_stream(server.url)
            report = wait_for(page, "outcomes")
        assert report["outcomes"]["verified"] > 0


def test_the_page_says_why_no_run_begins(tmp_path: Path) -> None:
    with refusing_port() as port, running_locust(tmp_path, None) as page:
        start(page, f"http://127.0.0.1:{port}")
        assert "connection refused" in wait_for(page, "error")["error"]
        assert any("connection refused" in row["what"] for row in rows_of(page))
