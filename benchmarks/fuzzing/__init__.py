"""Hostile input for everything that is read from files: what is tried, and what is held against it."""
