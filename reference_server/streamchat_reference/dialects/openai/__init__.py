"""Chat Completions, `POST /v1/chat/completions`, as OpenAI's clients expect it."""
