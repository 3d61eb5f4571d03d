"""Declarations of the requirements of Anthropic Messages."""

from __future__ import annotations

from streamchat_conformance.catalogue import Declarations
from streamchat_conformance.judges.judge import Judges

DECLARATIONS = Declarations()
JUDGES = Judges(DECLARATIONS)

requirement = DECLARATIONS.requirement
judge = JUDGES.judge
