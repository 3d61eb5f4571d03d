"""One process's part of a load run: users, arrivals, limits."""
