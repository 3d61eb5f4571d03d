"""Dialects that a file declares."""
