"""Convergence bounds: how small the mean squared gradient is after some rounds, and which term keeps it from being smaller."""
