"""The sale conditions of trades, one byte each: what DBN has no field for."""

from enum import IntEnum


class Condition(IntEnum):
    """How a trade came about, as far as that decides what may be read into it."""

    UNKNOWN = 0
    REGULAR = 1
    MULTI_LEG = 2
    STOCK_OPTION = 3
    CROSS = 4
    AUCTION = 5
    LATE = 6
    OPENING = 7
    CANCEL = 8
