"""What a person or a program fetches with GET: the chat page and the OpenAPI document."""
