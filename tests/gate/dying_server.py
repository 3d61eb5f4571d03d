"""A server whose process ends when a request's body is JSON, but no object."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import Any

from streamchat_fixtures.control import ControlServer, ControlSettings, Steps
from streamchat_fixtures.control.turn import Turn
from streamchat_fixtures.variants import Variant, changing

STATUS = 86


@changing(Steps.check_object)
def die(before: Callable[..., Any], turn: Turn, value: Any) -> Any:
    if not isinstance(value, dict):
        print(f"panic: no members in {value!r}", flush=True)
        os._exit(STATUS)
    return before(turn, value)


def main() -> None:
    variant = Variant(name="dying", area="resilience", sentence="Dies.", changes=(die,))
    settings = ControlSettings(interval_s=0.01)
    with ControlServer([variant], settings=settings, host="127.0.0.1", port=int(sys.argv[1])):
        threading.Event().wait()


if __name__ == "__main__":
    main()
