"""Judges of single exchanges for the requirements of this endpoint alone."""
