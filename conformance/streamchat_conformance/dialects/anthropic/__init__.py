"""Anthropic Messages: POST /v1/messages, answered by a stream of named events."""
