"""The recorder: raw sockets, exact bytes out, time-stamped bytes in. The suite's only socket code.

Nothing here prints or logs what is sent: header fields may hold secrets.
"""

from streamchat_conformance.recorder import stop_conditions as until
from streamchat_conformance.recorder.admission import UNLIMITED, RequestAdmission
from streamchat_conformance.recorder.check import check_target
from streamchat_conformance.recorder.connection import Connection
from streamchat_conformance.recorder.endpoint import Endpoint
from streamchat_conformance.recorder.errors import ConnectError, ConnectErrorKind, TargetUrlError
from streamchat_conformance.recorder.limits import Limits
from streamchat_conformance.recorder.parallel import (
    Observation,
    Plan,
    Timeline,
    record_timeline,
    record_together,
)
from streamchat_conformance.recorder.progress import Progress
from streamchat_conformance.recorder.stop_conditions import TimedUntil, Until

__all__ = [
    "UNLIMITED",
    "ConnectError",
    "ConnectErrorKind",
    "Connection",
    "Endpoint",
    "Limits",
    "Observation",
    "Plan",
    "Progress",
    "RequestAdmission",
    "TargetUrlError",
    "TimedUntil",
    "Timeline",
    "Until",
    "check_target",
    "record_timeline",
    "record_together",
    "until",
]
