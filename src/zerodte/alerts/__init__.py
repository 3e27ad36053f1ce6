"""Alerts: rules on what is answered, decided sample by sample, and delivered at least once."""
