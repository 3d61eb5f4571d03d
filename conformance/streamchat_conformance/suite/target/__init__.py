"""The server under test: sending to it, and what is known about it."""
