"""The article's endpoint, `POST /api/stream-chat`: its request, its events, its refusals."""
