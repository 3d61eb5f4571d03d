"""What a run may cost: how many requests, how fast, and which cases they go to."""
