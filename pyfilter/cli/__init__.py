"""The commands: one file each, and what they share with a terminal."""
