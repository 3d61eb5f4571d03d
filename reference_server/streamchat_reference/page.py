"""The chat page: one static file, sent with headers that let it do nothing but its work."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files

from flask import Response


def page_response() -> Response:
    """Give the page. Its own style and script run, nothing else does, and only here it may send."""
    html, policy = _page()
    return Response(
        html,
        content_type="text/html; charset=utf-8",
        headers={
            "Content-Security-Policy": policy,
            "Cache-Control": "no-cache",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        },
    )


@cache
def _page() -> tuple[str, str]:
    html = files("streamchat_reference").joinpath("page.html").read_text("utf-8")
    directives = (
        "default-src 'none'",
        f"script-src {_hash(html, 'script')}",
        f"style-src {_hash(html, 'style')}",
        "connect-src 'self'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
    return html, "; ".join(directives)


def _hash(html: str, tag: str) -> str:
    """Name the page's one inline element of this kind by its hash (Content Security Policy 3)."""
    (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
    digest = hashlib.sha256(content.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
