"""Numbers as CSV files spell them: prices and counts from 0 to a billion, and integers."""

import functools
import math
import re

_NUMBER = re.compile(r"(\d+|\d{1,3}(,\d{3})+)(\.\d*)?|\.\d+", re.ASCII)
_INTEGER = re.compile(r"(-?(?:\d+|\d{1,3}(?:,\d{3})+))(?:\.0*)?", re.ASCII)
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


@functools.lru_cache(_MEMORY)
def read_integer(text: str) -> int:
    """Read an integer of 64 bits, such as a sequence number or a code.

    It may have a point and zeros: pandas writes a column of integers with blanks as 40.0.

    Raises:
        ValueError: If it is not one.
    """
    match = _INTEGER.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not an integer")
    number = int(match[1].replace(",", ""))
    if not -(1 << 63) <= number < 1 << 63:
        raise ValueError(f"{text!r} is beyond 64 bits")
    return number
