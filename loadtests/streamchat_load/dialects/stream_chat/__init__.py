"""The dialect of `POST /api/stream-chat`."""
