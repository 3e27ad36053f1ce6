"""Finished sessions as Parquet: a folder per date, a file per symbol; written once, read often."""
