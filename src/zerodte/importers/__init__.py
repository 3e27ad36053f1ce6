"""Importers: files of other formats, converted to tapes."""
