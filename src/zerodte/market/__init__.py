"""Instruments and trading hours: sessions, roots, symbols, contracts."""
