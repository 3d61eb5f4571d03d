"""The recorder: raw sockets, exact bytes out, time-stamped bytes in. The suite's only socket code.

Nothing here prints or logs what is sent: header fields may hold secrets.
"""

from . import until
from .check import check_target
from .connection import Connection
from .endpoint import Endpoint
from .errors import ConnectError, ConnectErrorKind, TargetUrlError
from .limits import Limits
from .parallel import Observation, Plan, Timeline, record_timeline, record_together
from .progress import Progress
from .until import TimedUntil, Until

__all__ = [
    "ConnectError",
    "ConnectErrorKind",
    "Connection",
    "Endpoint",
    "Limits",
    "Observation",
    "Plan",
    "Progress",
    "TargetUrlError",
    "TimedUntil",
    "Timeline",
    "Until",
    "check_target",
    "record_timeline",
    "record_together",
    "until",
]
