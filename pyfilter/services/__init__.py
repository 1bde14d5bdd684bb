"""Answers to the engine's Questions; each is imported when it is first asked."""
