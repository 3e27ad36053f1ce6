"""Massive's data of options (the vendor was called Polygon): live, and finished sessions."""
