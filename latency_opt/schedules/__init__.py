"""How many edge rounds and local steps a global round has."""
