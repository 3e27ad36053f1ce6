"""Several machines: workers that own symbols, and the service that asks them. No HTTP."""
