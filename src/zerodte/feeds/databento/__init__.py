"""Databento: its live gateway, its historical API, and ours that speak their protocols."""
