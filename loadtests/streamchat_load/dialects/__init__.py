"""The kinds of endpoints that can be loaded: what a request is, and what an event says."""
