"""What makes a run a gate for CI: known failures, and a server started for the run."""
