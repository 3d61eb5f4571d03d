"""Declarations of the requirements of Chat Completions."""

from __future__ import annotations

from streamchat_conformance.catalogue import Declarations
from streamchat_conformance.judges.judge import Judges

DECLARATIONS = Declarations()
JUDGES = Judges(DECLARATIONS)

requirement = DECLARATIONS.requirement
judge = JUDGES.judge
