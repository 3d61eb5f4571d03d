"""What a user sets for a run, and the reference server that is judged by default."""
