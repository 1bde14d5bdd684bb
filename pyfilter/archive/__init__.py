"""Mail that already exists: where it lies, and what rules would do with it."""
