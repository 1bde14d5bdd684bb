"""Hostile input by the million."""
