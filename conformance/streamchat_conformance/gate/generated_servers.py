"""Servers that are generated from a declaration: they run in a process of their own."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from streamchat_conformance.suite.config.child_process import first_line, start_child, stop_child

START_LIMIT_S = 120.0
"""How long all servers may take until they listen (seconds)."""


class GeneratedServersError(ValueError):
    """The servers cannot be had; the message says why in one line."""


@dataclass(frozen=True, slots=True)
class GeneratedServer:
    """A server of the declaration, and what it breaks."""

    name: str
    url: str
    breaks: frozenset[str]
    sentence: str
    fails_at: str = ""
    """The prompt that makes it fail in the middle of an answer."""


@contextlib.contextmanager
def generated_servers(file: str, names: Sequence[str]) -> Iterator[list[GeneratedServer]]:
    """Run the generated servers; yield them.

    Raises GeneratedServersError where they cannot be started.
    """
    options = [option for name in names for option in ("--only", name)]
    process = start_child([sys.executable, "-m", "streamchat_fixtures", "declared", file, *options])
    try:
        servers = _announced(process)
        if not servers:
            if names:
                raise GeneratedServersError(f"--fault: there is no generated server {names[0]!r}")
            raise GeneratedServersError(f"{file}: no server could be generated from it")
        yield servers
    finally:
        stop_child(process)


def _announced(process: subprocess.Popen[str]) -> list[GeneratedServer]:
    # The first line comes when all servers listen, and the others with it.
    line = first_line(process, START_LIMIT_S)
    servers: list[GeneratedServer] = []
    while line and process.stdout is not None:
        said = json.loads(line)
        servers.append(
            GeneratedServer(
                said["name"],
                said["url"],
                frozenset(said["breaks"]),
                said["sentence"],
                said.get("fails_at", ""),
            )
        )
        line = process.stdout.readline().strip()
    return servers
