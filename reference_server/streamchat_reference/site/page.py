"""The chat page: one document, sent with headers that let it do nothing but its work."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files

from flask import Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

_PACKAGE = "streamchat_reference.site"


def page_response() -> Response:
    """Return the page. Only its own style and script run, and it sends to this server alone."""
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
    """Return the page and its Content-Security-Policy."""
    style, script = _asset("palette.css") + _asset("page.css"), _asset("page.js")
    environment = Environment(
        loader=PackageLoader(_PACKAGE),
        autoescape=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    html = environment.get_template("page.html").render(style=style, script=script)
    directives = (
        "default-src 'none'",
        f"script-src {_hash(script)}",
        f"style-src {_hash(style)}",
        "connect-src 'self'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
    return html, "; ".join(directives)


def _asset(name: str) -> Markup:
    """Return a style or script of this package, which goes into the page unescaped."""
    text = files(_PACKAGE).joinpath("templates", name).read_text("utf-8")
    return Markup(text)


def _hash(asset: str) -> str:
    """Return the source expression that allows an inline element (Content Security Policy 3)."""
    # The element's content begins with the line end behind its tag.
    digest = hashlib.sha256(f"\n{asset}".encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
