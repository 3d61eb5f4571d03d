"""Runs as a gate in CI: known failures, and a server started for the run."""
