"""The verdict of a run: thresholds and the exit code."""
