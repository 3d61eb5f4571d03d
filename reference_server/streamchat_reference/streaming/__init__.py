"""Answering in any dialect: running an answerer, watching the client, admitting streams."""
