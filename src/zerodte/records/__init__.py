"""What is on a tape: the record layouts, ticks of records, and what is computed of raw records.

Pure: arrays in, arrays out. Files belong to `zerodte.tape`.
"""
