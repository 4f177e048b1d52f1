"""How large a sub-model each cell trains, for HIST."""
