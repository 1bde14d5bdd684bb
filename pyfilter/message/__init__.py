"""Bytes into what rules ask for: envelope, header fields, their text, addresses."""
