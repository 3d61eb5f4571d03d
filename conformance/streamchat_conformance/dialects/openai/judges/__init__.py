"""What one exchange proves about the requirements of Chat Completions alone."""
