"""Evidence of a run, the causes among its failures, and the verdict."""
