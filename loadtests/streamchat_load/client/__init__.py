"""One request and its answer: connections, reading, and how a request ended."""
