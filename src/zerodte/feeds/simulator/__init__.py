"""A simulated market: underlyings, surfaces, quotes, customers, dealers. It writes ordinary tapes."""
