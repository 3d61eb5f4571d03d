"""Load tests of the streaming chat endpoint: `locust -f loadtests/locustfile.py --host URL`.

`--list-profiles` lists the profiles; docs/load-testing.md has the rest.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

# From a clone, without installing: the packages are in the source roots next to this file.
for _root in (Path(__file__).parent, Path(__file__).parent.parent / "conformance"):
    if _root.is_dir() and str(_root) not in sys.path:
        sys.path.append(str(_root))

if importlib.util.find_spec("httptools") is None:
    sys.exit("the load tests need more packages: pip install 'streamchat-conformance[load]'")

from streamchat_load.locust_adapter.hooks import ProfileShape, StreamUser, register  # noqa: E402 - after the path

register()


class ChatUser(StreamUser):
    """A user of `POST /api/stream-chat`."""


class Shape(ProfileShape):
    """Users over time, as the profile says."""
