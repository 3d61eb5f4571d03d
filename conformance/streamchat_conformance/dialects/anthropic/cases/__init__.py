"""Cases for the requirements of Anthropic Messages alone."""
