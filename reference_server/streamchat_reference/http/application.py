"""The worker's view of the server that it works for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gunicorn.app.base import BaseApplication

if TYPE_CHECKING:
    from streamchat_reference.http.client_socket import ClientTimeLimits
    from streamchat_reference.http.stop_signal import StopSignal


class StreamApplication(BaseApplication):
    """A gunicorn application with what the worker of long streams needs in addition."""

    stop: StopSignal
    time_limits: ClientTimeLimits
    parent_fd: int | None
    """Stops the server when it becomes readable."""
