"""Judges of single exchanges for the requirements of Anthropic Messages alone."""
