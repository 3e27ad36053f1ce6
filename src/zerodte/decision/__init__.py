"""The decision: probabilities of the close, and rules that turn a chain into a setup."""
