"""What clients do on their own between two averages."""
