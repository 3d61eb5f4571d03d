"""Cases of declared dialects."""
