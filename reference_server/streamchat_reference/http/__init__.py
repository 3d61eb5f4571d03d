"""Serving HTTP: gunicorn embedded, time limits for clients, request bodies, closing."""
