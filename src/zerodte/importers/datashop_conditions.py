"""The sale conditions of the Cboe DataShop, by their numbers.

Source: the DataShop's list of trade condition codes, which are those of NxCore up to 113. Their
OPRA messages decide how each is taken: an execution on a floor has no aggressor, as a cross.
"""

from typing import Final

from zerodte.records.condition import Condition

_BY_CONDITION: Final[dict[Condition, tuple[int, ...]]] = {
    # Regular, FormT, AutoExecution, Reopen, AdjTerms, IntermarketSweep, Reopening, Benchmark,
    # TradeThroughExempt, ExtendedHours: processed as a regular trade.
    Condition.REGULAR: (0, 1, 18, 21, 34, 95, 97, 107, 108, 137),
    # Spread, Straddle, Combo, MultLegAutoEx, MultLegAuct, MultLegCross, MultLegFlr,
    # MultLegAutoSingLeg, MultLegAuctSingLeg, MultLegFlrSingLeg, MultLegFlrPropProd,
    # MultiCompressProp.
    Condition.MULTI_LEG: (35, 36, 38, 119, 120, 121, 122, 123, 125, 126, 133, 136),
    # BuyWrite, and those with stock: StkOptAuct, StkOptAutoEx, StkOptCross, StkOptFlr and the same
    # against single legs.
    Condition.STOCK_OPTION: (37, 124, 127, 128, 129, 130, 131, 132),
    # MatchCross, InternalCross, SingLegCrossNonISO, SingLegCrossISO, SingLegFlr.
    Condition.CROSS: (45, 54, 116, 117, 118),
    # STPD, StoppedIM, SingLegAuctNonISO, SingLegAuctISO.
    Condition.AUCTION: (39, 106, 114, 115),
    # OutOfSeq, SoldLast.
    Condition.LATE: (2, 13),
    # OpenReportLate, OpenReportOutOfSeq, OpenReportInSeq, OpenReport.
    Condition.OPENING: (5, 6, 7, 62),
    # CANC, CANCLAST, CANCOPEN, CANCONLY, CANCSTPD.
    Condition.CANCEL: (40, 41, 42, 43, 44),
}

#: The condition of each number that options can have.
CONDITIONS: Final[dict[int, Condition]] = {
    number: condition for condition, numbers in _BY_CONDITION.items() for number in numbers
}
