"""Dialects that a TOML file declares: its reader, the machine that follows it, and its rows."""
