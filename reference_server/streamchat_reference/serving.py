"""Serving the application: gunicorn, embedded."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass

from gunicorn.app.base import BaseApplication

from streamchat_reference.app import create_app
from streamchat_reference.worker import STOP, StreamWorker


class Server(BaseApplication):
    def __init__(self, app, settings):
        self._app = app
        self._settings = settings
        super().__init__()

    def load_config(self):
        for k, v in self._settings.items():
            self.cfg.set(k, v)

    def load(self):
        return self._app
