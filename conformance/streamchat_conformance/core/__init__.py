"""HTTP/1.1 responses and event streams, read leniently and described exactly. No I/O in here."""
