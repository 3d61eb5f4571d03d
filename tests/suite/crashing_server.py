"""A server whose process ends when it gets a prompt that is a number; started again or not.

`python crashing_server.py never|again` prints its URL. A supervisor starts the server itself, on
the same port each time.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from typing import Any

from streamchat_fixtures.control import ControlServer, ControlSettings
from streamchat_fixtures.variants import Change, Variant

EXIT_CRASHED = 70


def read_chat(before: Any, turn: Any) -> Any:
    try:
        members = json.loads(turn.body)
    except ValueError:
        return before(turn)
    if isinstance(members, dict) and isinstance(members.get("prompt"), int):
        os._exit(EXIT_CRASHED)
    return before(turn)


def serve(port: int) -> None:
    crashing = Variant(
        name="crashing",
        area="resilience",
        sentence="Ends its process when a prompt is a number.",
        changes=(Change("read_chat", read_chat),),
    )
    settings = ControlSettings(events=4, interval_s=0.02)
    with ControlServer([crashing], port=port, settings=settings) as server:
        print(server.url, flush=True)
        threading.Event().wait()


def supervise(again: bool) -> None:
    port = "0"
    while True:
        command = [sys.executable, __file__, "serve", port]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            signal.signal(signal.SIGTERM, lambda *_, server=server: (server.kill(), sys.exit()))
            assert server.stdout is not None
            url = server.stdout.readline().strip()
            if port == "0":
                print(url, flush=True)
            port = url.rpartition(":")[2]
            server.wait()
        if not again:
            threading.Event().wait()


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(int(sys.argv[2]))
    else:
        supervise(sys.argv[1] == "again")
