"""Random instances of every optimisation, hard ones among them, and judges that know nothing of the solvers."""
