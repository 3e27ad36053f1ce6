"""Estimates compared with the truth of simulated tapes: scores, and intervals over seeds."""
