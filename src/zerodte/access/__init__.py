"""Who may ask, and how often: plans, keys, usage. What a refusal says is decided by the server."""
