"""A run's report as text, HTML, JSON and JUnit XML."""
