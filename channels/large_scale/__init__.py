"""What distance, walls and obstacles take from a signal."""
