"""gunicorn's threaded worker, with what a server of long streams needs besides."""

from __future__ import annotations

import sys

from gunicorn.http.body import Body, EOFReader, LengthReader
from gunicorn.workers.gthread import ThreadWorker

from streamchat_reference.app import CLOSE_CONNECTION
from streamchat_reference.watch import StopSignal

STOP = StopSignal()


class StreamWorker(ThreadWorker):
    def handle_exit(self, sig, frame):
        STOP.set()
        super().handle_exit(sig, frame)

    def handle_quit(self, sig, frame):
        self.handle_exit(sig, frame)

    def handle_request(self, req, conn):
        if isinstance(req.body.reader, EOFReader):
            req.body = Body(LengthReader(req.unreader, 0))
        return super().handle_request(req, conn)
