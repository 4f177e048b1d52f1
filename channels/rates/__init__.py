"""What rate a channel carries."""
