"""Chat Completions, as OpenAI published it and many servers speak it."""
