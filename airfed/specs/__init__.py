"""The tables of a scenario file, each with how it is built."""
