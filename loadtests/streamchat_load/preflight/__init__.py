"""The few streams that are read before the load: what to expect of all others."""
