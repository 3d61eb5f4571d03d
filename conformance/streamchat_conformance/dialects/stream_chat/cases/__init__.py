"""Cases of the requirements of this endpoint alone, one area a file."""
