"""One market day: ticks in, states out. No clock, no I/O."""
