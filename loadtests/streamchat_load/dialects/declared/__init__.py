"""Dialects that a TOML file declares."""
