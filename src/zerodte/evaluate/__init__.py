"""Estimates held against the truth of simulated tapes: scores, and intervals over seeds."""
