"""Recorded data of other formats, turned into tapes."""
