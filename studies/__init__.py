"""Studies that compare the simulated market with real ones: `make study`."""
