"""The chat endpoint: reading its request, streaming the answer, admitting streams."""
