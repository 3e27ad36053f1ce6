"""Runs sessions from tapes, simulations and live feeds: the only room that moves time."""
