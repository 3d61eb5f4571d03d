"""Load profiles: names, parameters and the plans that they make."""
