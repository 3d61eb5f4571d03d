"""Everything that a run measures, and the figures that are derived from it."""
