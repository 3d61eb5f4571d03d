"""Recordings that were made elsewhere, read back as exchanges that the judges can decide on."""
