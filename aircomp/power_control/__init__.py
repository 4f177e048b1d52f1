"""Transceivers at a single antenna: who sends with which power."""
