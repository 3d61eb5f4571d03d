"""Settings of a run, and the reference server that is judged by default."""
