"""Errors that end a run before it begins."""

from __future__ import annotations


class LoadUsageError(Exception):
    """The user asked for something impossible: one clear line, exit code 2."""
