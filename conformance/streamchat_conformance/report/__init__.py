"""Reports of a run: for people at a terminal, and as JSON for programs."""
