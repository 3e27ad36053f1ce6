"""Prices and what follows from them: kernels over one chain's arrays, and its two clocks."""
