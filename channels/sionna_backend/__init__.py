"""Sionna as a source of channels: the extra `sionna`."""
