"""The model: what one chain at one instant means, computed from arrays. No clock, no I/O."""
