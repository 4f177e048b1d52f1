"""What goes on in one cell: how its band is shared, who takes part, how long its round is."""
