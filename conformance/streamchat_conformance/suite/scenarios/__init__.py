"""What cases are written with: generated requests, many clients, observed streams."""
