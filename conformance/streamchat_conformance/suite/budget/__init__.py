"""The cost of a run: how many requests, how fast, and which cases they go to."""
