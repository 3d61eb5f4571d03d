"""Verifying a stream while it arrives, event by event, against what is expected of it."""
