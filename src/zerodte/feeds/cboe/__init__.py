"""Cboe's delayed quotes: its website, and ours that serves a tape as it would."""
