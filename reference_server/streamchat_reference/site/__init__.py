"""Resources for GET: the chat page and the OpenAPI document."""
