"""The sale conditions of ThetaData, by their numbers.

Source: the vendor's table of trade conditions. Up to 113 its numbers are those of NxCore, as the
Cboe DataShop has them; those after them stand for the letters of OPRA.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np

from zerodte.arrays import U8
from zerodte.importers.datashop_conditions import CONDITIONS
from zerodte.records.condition import Condition

#: The last number that is NxCore's.
_SHARED: Final = 113
#: A trade whose condition is not told.
NOT_SPECIFIED: Final = 50
_BY_CONDITION: Final[dict[Condition, tuple[int, ...]]] = {
    Condition.UNKNOWN: (NOT_SPECIFIED,),
    # OPRA_EXT_HOURS, EXTENDED_HOURS_TRADE.
    Condition.REGULAR: (118, 148),
    # MULTI_LEG_: AUTOELEC_TRADE, AUCTION, CROSS, FLOOR_TRADE; ML_: AUTO_ELEC_TRADE_AGSL,
    # AUCTION_AGSL, FLOOR_TRADE_AGSL, FLOOR_TRADE_OF_PP; MULTILAT_COMP_TR_PDP.
    Condition.MULTI_LEG: (130, 131, 132, 133, 134, 136, 137, 144, 147),
    # STOCK_OPTIONS_: AUCTION, CROSS, FLOOR_TRADE; STK_OPT_: AUTO_ELEC_TRADE, AE_TRD_AGSL,
    # AUCTION_AGSL, FLOOR_TRADE_AGSL.
    Condition.STOCK_OPTION: (135, 138, 139, 140, 141, 142, 143),
    # SINGLE_LEG_: CROSS_NON_ISO, CROSS_ISO, FLOOR_TRADE.
    Condition.CROSS: (127, 128, 129),
    # SINGLE_LEG_: AUCTION_NON_ISO, AUCTION_ISO.
    Condition.AUCTION: (125, 126),
}

#: The condition of each number that options can have.
THETA_CONDITIONS: Final[dict[int, Condition]] = {
    number: condition for number, condition in CONDITIONS.items() if number <= _SHARED
} | {number: condition for condition, numbers in _BY_CONDITION.items() for number in numbers}


class ThetaConditionReader:
    """Reads the numbers of trades, and counts those that are not in the table.

    Attributes:
        unknown: How often each unknown number came.
    """

    def __init__(self) -> None:
        self.unknown: Counter[int] = Counter()

    def read(self, numbers: Sequence[int]) -> U8:
        """The condition of each trade, uint8[n]."""
        self.unknown.update(number for number in numbers if number not in THETA_CONDITIONS)
        found = [THETA_CONDITIONS.get(number, Condition.UNKNOWN) for number in numbers]
        return np.array(found, np.uint8)

    def sentences(self) -> list[str]:
        """What could not be read, in words, by number; none if everything could."""
        return [
            f"{count:,} trades with the unknown sale condition {number}"
            for number, count in sorted(self.unknown.items())
        ]
