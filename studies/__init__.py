"""The simulated market measured against real ones and against its own bars: `make study`."""
