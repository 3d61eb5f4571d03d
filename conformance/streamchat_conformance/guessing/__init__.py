"""Guessing which dialect an endpoint speaks, from a few requests or from a recording."""
