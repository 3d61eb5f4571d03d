"""Reference server for streaming chat: `POST /api/stream-chat`, answered by an event stream.

`python -m streamchat_reference` serves it; `create_app` gives the WSGI application alone.
"""

from streamchat_reference.app import create_app

__all__ = ["create_app"]
