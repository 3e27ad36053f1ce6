"""Plots as inline SVG, and the self-contained HTML pages that show them."""
