"""Sources of live market data, and simulated ones."""
