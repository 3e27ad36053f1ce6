"""Finished sessions as Parquet files: a folder per date, a file per symbol."""
