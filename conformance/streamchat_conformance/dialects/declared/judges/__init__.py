"""Judges of declared dialects: they are made from a declaration, in the package above."""
