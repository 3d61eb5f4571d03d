"""What one exchange proves about the requirements of this endpoint alone."""
