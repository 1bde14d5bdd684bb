"""What answers questions, asked: list files, scanners, resolvers; real ones, and false ones that fail."""
