"""Training by function values alone, without gradients."""
