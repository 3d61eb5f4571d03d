"""What a run has seen, which failure explains which, and what that makes of the target."""
