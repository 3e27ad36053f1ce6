"""HTTP: routes to finished bytes. What the bytes say is decided elsewhere."""
