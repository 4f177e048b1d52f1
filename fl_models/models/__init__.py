"""Models with exact gradients: pure functions of flat parameter vectors, with a client axis."""
