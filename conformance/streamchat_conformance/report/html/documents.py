"""Whole HTML documents, made of templates in which every value is escaped."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from streamchat_conformance.report.visible import visible

if TYPE_CHECKING:
    from jinja2 import Environment

_POLICY = (
    "default-src 'none'; style-src {style}; script-src {script}; "
    "base-uri 'none'; form-action 'none'"
)


def shown(value: object) -> Markup:
    """Return a value as HTML that shows it and does nothing else; markup stays as it is."""
    return value if isinstance(value, Markup) else escape(visible(str(value)))


class Documents:
    """Makes documents of the folders `templates` of packages; the first that has a file counts."""

    def __init__(self, *packages: str) -> None:
        self._packages = packages

    @cached_property
    def environment(self) -> Environment:
        """The templates. A name that a template does not get is an error."""
        from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

        return Environment(
            loader=ChoiceLoader([PackageLoader(package) for package in self._packages]),
            autoescape=True,
            finalize=shown,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )

    def document(
        self,
        template: str,
        *,
        title: str,
        styles: Sequence[str] = (),
        script: str = "",
        **values: object,
    ) -> str:
        """Return a document. It has the style of all pages, further ones, and one script or none.

        The template extends `document.html`.
        """
        style = Markup("").join(map(self._asset, ("palette.css", "page.css", *styles)))
        code = self._asset(script) if script else Markup("")
        policy = _POLICY.format(style=_hash(style), script=_hash(code) if code else "'none'")
        return self.environment.get_template(template).render(
            title=title, style=style, script=code, policy=policy, **values
        )

    def _asset(self, name: str) -> Markup:
        """Return a style or script, which goes into a document unescaped."""
        loader = self.environment.loader
        assert loader is not None
        text, _, _ = loader.get_source(self.environment, name)
        return Markup(text)


def _hash(asset: str) -> str:
    """Return the source expression that allows an inline element (Content Security Policy 3)."""
    digest = hashlib.sha256(asset.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


PAGES = Documents("streamchat_conformance.report.html")
"""The documents of this package."""
