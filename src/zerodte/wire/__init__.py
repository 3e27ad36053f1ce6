"""The JSON contract: the shapes every client sees, their units, and nothing that computes them."""
