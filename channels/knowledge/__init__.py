"""What transceivers know of the channel."""
