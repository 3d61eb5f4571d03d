"""What load tests of endpoints have in common that take messages of a user and a model."""
