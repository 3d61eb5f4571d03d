"""`POST /v1/messages` under load."""
