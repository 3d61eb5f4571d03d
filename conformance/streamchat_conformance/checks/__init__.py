"""Custom checks: what a file of `--checks` imports to judge exchanges by rules of its own.

from streamchat_conformance.checks import SHOULD, check

@check("x-request-id", SHOULD, "Every answer has an X-Request-Id field.")
def request_id(reading):
if reading.head is None:
return None
return [] if reading.head.first("x-request-id") else ["it has none"]
"""

from streamchat_conformance.catalogue import APPLICATION, MAY, MUST, SERVER, SHOULD
from streamchat_conformance.checks.check import Check, CheckFinding, check
from streamchat_conformance.judges import Reading
from streamchat_conformance.judges.judge import Evidence

__all__ = [
    "APPLICATION",
    "MAY",
    "MUST",
    "SERVER",
    "SHOULD",
    "Check",
    "CheckFinding",
    "Evidence",
    "Reading",
    "check",
]
