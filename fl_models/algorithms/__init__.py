"""Federated algorithms: how models are trained and merged in a global round."""
