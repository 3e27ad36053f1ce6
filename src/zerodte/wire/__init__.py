"""The JSON contract: queries, answers and errors with their units. Computes nothing."""
