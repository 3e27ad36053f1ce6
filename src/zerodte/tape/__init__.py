"""Tapes: folders of DBN files with what lies beside them, read as ticks and written back."""
