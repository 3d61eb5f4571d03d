"""The article's endpoint: `POST /api/stream-chat` with `prompt` and `history`."""
