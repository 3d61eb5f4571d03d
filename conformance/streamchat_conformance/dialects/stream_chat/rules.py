"""Declarations of this endpoint's own requirements."""

from __future__ import annotations

from streamchat_conformance.catalogue import Declarations
from streamchat_conformance.judges.judge import Judges

DECLARATIONS = Declarations()
JUDGES = Judges(DECLARATIONS)

requirement = DECLARATIONS.requirement
judge = JUDGES.judge
