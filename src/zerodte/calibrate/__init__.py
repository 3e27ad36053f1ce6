"""How far closes have moved: forecasts scored walk-forward, and the parameters fitted to them."""
