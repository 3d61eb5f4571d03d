"""What dialects have in common whose requests are turns between a user and a model."""
