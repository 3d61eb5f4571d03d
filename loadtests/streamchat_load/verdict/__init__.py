"""What a run proves: thresholds and the exit code."""
