"""Capabilities of a target: declared by the user, or detected before the first case.

What the user declares or denies is never looked for.
"""

from __future__ import annotations

from streamchat_conformance.catalogue import ECHO, FAULT, FINITE, SLOW, Capability
from streamchat_conformance.suite.config.settings import Settings
from streamchat_conformance.suite.target.baseline import Baseline


class TargetCapabilities:
    """The capabilities of one target."""

    def __init__(self, settings: Settings) -> None:
        self.baseline: Baseline | None = None
        """What a plain request shows, once that is known."""
        self._settings = settings
        self._known = settings.dialect.known_capabilities
        self._detected: dict[str, str] = {}
        """Why a capability is absent, by its name; empty where the target has it."""

    def note(self, capability: Capability, absent: str) -> None:
        """Enter what was detected: why a capability is absent, or an empty string."""
        self._detected[capability.name] = absent

    def declared(self, capability: Capability) -> bool | None:
        """Return what the user says of a capability; None where they say nothing."""
        return self._settings.capabilities.get(capability.name)

    def has(self, capability: Capability) -> bool:
        """Return whether the target has a capability, declared or detected."""
        declared = self.declared(capability)
        return not self._why_absent(capability) if declared is None else declared

    def lacking(self, capability: Capability) -> str:
        """Return why a capability is taken to be absent, as a sentence."""
        if self.declared(capability) is False:
            return f"capability '{capability}' is denied by the settings"
        return f"capability '{capability}' is absent: {self._why_absent(capability)}"

    def stated(self) -> dict[str, str]:
        """Return each capability of the dialect: declared, detected, absent or not looked for.

        One that no selected case needs is not looked for, and nothing is known of it.
        """
        found = {}
        for name, capability in self._known.items():
            found[name] = "absent"
            if self.has(capability):
                found[name] = "detected" if self.declared(capability) is None else "declared"
            elif self.declared(capability) is None and self._is_unknown(capability):
                found[name] = "not looked for"
        return found

    def _is_unknown(self, capability: Capability) -> bool:
        has_detector = self._settings.dialect.capabilities.get(capability) is not None
        return has_detector and capability.name not in self._detected

    def _why_absent(self, capability: Capability) -> str:
        if capability.name not in self._known:
            return f"the dialect {self._settings.dialect.name} does not have it"
        if capability.name in self._detected:
            return self._detected[capability.name]
        shown = {
            ECHO: self.baseline is not None and self.baseline.echo,
            FINITE: self.baseline is not None and self.baseline.finite,
            SLOW: self._settings.slow is not None,
            FAULT: self._settings.fault is not None,
        }
        return "" if shown.get(capability) else capability.absent
