"""Pricing kernels over the arrays of one chain, and the clocks of a session."""
