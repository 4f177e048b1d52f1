"""What the channel does to the signals of all clients at once."""
