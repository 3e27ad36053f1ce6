"""A simulated market: prices, quotes, customers, dealers. It writes ordinary tapes."""
