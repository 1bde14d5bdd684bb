"""A mail filter with readable rules."""
