"""Numbers as CSV files spell them, from 0 to a billion."""

import functools
import math
import re

_NUMBER = re.compile(r"(\d+|\d{1,3}(,\d{3})+)(\.\d*)?|\.\d+", re.ASCII)
_LARGEST = 1e9  # beyond any price or count, and within the range of every field of a record
_MEMORY = 1 << 16  # texts; files repeat theirs


@functools.lru_cache(_MEMORY)
def read_number(text: str) -> float:
    """Read a price or count; thousands separators are allowed.

    Raises:
        ValueError: If it is not a number from 0 to a billion.
    """
    if _NUMBER.fullmatch(text.strip()) is None:
        raise ValueError(f"{text!r} is not a number")
    number = float(text.replace(",", ""))
    if number > _LARGEST:
        raise ValueError(f"{text!r} is more than a billion")
    return number


@functools.lru_cache(_MEMORY)
def read_count(text: str) -> int:
    """Read a number of contracts.

    Raises:
        ValueError: If it is not a whole number from 0 to a billion.
    """
    number = read_number(text)
    if number != math.floor(number):
        raise ValueError(f"{text!r} is not a whole number")
    return int(number)
