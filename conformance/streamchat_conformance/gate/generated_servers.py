"""Servers that are generated from a declaration: they run in a process of their own."""

from __future__ import annotations

import contextlib
import json
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

START_LIMIT_S = 30.0
STOP_LIMIT_S = 10.0


class GeneratedServersError(ValueError):
    """The servers cannot be had; the message says why in one line."""


@dataclass(frozen=True, slots=True)
class GeneratedServer:
    """A server of the declaration, and what it breaks."""

    name: str
    url: str
    breaks: frozenset[str]
    sentence: str


@contextlib.contextmanager
def generated_servers(file: str, names: Sequence[str]) -> Iterator[list[GeneratedServer]]:
    """Run the generated servers; yield them.

    Raises GeneratedServersError where they cannot be started.
    """
    options = [option for name in names for option in ("--only", name)]
    process = subprocess.Popen(
        [sys.executable, "-m", "streamchat_fixtures", "declared", file, *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        servers = _announced(process)
        if not servers:
            if names:
                raise GeneratedServersError(f"--fault: there is no generated server {names[0]!r}")
            raise GeneratedServersError(f"{file}: no server could be generated from it")
        yield servers
    finally:
        process.terminate()
        try:
            process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_LIMIT_S)
        if process.stdout is not None:
            process.stdout.close()


def _announced(process: subprocess.Popen[str]) -> list[GeneratedServer]:
    servers: list[GeneratedServer] = []
    ends_at_s = time.monotonic() + START_LIMIT_S
    stdout = process.stdout
    while stdout is not None:
        # The first line comes when all servers listen, and the others with it.
        if not servers and not select.select([stdout], [], [], ends_at_s - time.monotonic())[0]:
            break
        line = stdout.readline().strip()
        if not line:
            break
        said = json.loads(line)
        servers.append(
            GeneratedServer(said["name"], said["url"], frozenset(said["breaks"]), said["sentence"])
        )
    return servers
