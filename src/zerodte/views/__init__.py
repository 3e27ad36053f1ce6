"""From states to the wire: names, words and rounding."""
