"""Carrying out a Plan: folders, Maildir copies, subscriptions."""
