"""Judges of single exchanges for the requirements of Chat Completions alone."""
