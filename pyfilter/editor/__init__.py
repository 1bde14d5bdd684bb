"""Rule files in an editor: the language server, and syntax colours made from the vocabulary table."""
