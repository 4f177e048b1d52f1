"""What is known in closed form: errors, participation, scaling with the number of clients, privacy."""
