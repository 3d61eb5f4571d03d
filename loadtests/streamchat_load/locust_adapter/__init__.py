"""The adapter to locust: the only modules that import it."""
