"""A Maildir that is filled by other programs: what arrives in new/ is filed as a delivery would file it."""
