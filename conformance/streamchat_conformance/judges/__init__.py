"""Judges: pure functions that say what one exchange proves about each requirement."""

from streamchat_conformance.judges.judge import Judge
from streamchat_conformance.judges.reading import Reading
from streamchat_conformance.judges.rules import Rules, rules_of

__all__ = ["Judge", "Reading", "Rules", "rules_of"]
