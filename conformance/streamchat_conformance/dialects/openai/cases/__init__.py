"""Cases for the requirements of Chat Completions alone."""
