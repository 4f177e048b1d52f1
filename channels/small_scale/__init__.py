"""Fading: what moving by a wavelength does to a signal."""
