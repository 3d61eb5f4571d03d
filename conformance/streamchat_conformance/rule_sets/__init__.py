"""Rule sets: requirements and levels, frozen with a release and stored as data."""
