"""How the load tests join locust: the only modules that import it."""
