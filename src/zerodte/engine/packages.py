"""Who traded a package: the legs of one complex order, by what they cost together.

Single legs of complex orders are signed hardly better than by chance; a package is signed better by
its net price against its net midpoint. Legs are records of one instant, of one size and symbol, one
after the other, printed as parts of a complex trade (Li, Musto and Pearson, SSRN 4389657, group
them likewise). Which of them are bought together follows from strikes, rights and expiries.
"""

import math
from typing import Final

from zerodte.arrays import I8, Rows
from zerodte.compiled import inline, kernel
from zerodte.constants import PACKAGE_SIDE, PACKAGE_STRENGTHS
from zerodte.engine.aggressor import is_dirty
from zerodte.engine.book import raw_price
from zerodte.engine.trade_ledger import UNIT
from zerodte.engine.trades import NO_CANCEL, Trades
from zerodte.records.condition import Condition

_PAIR: Final = 2
_FOUR: Final = 4
_WEAK, _MIDDLE, _STRONG = PACKAGE_STRENGTHS
#: The expected side of a contract by the package's strength, in hundredths.
_EXPECTED: Final = tuple(round(UNIT * side) for side in PACKAGE_SIDE)


@kernel
def sign_packages(
    trades: Trades,
    totals: Rows,
    signed_from: int,
    sides: I8,
    expected: I8,
) -> None:
    """Write the customer's side of the legs of packages; the other trades' stays as it is.

    Args:
        trades: Shape (m,).
        totals: Of all contracts, for their terms.
        signed_from: Since when trades have a side, UTC ns.
        sides: 1 bought, -1 sold, shape (m,).
        expected: The expected side of a contract so traded, in hundredths, shape (m,).
    """
    begin, count = 0, trades.positions.shape[0]
    conditions, received = trades.conditions, trades.received
    while begin < count:
        # Most rows are alone, and calling on with all columns costs more than this look.
        if (
            conditions[begin] != Condition.MULTI_LEG
            or begin + 1 == count
            or received[begin + 1] != received[begin]
        ):
            begin += 1
            continue
        end = _end(trades, totals, begin)
        close = totals[trades.positions[begin]].close
        is_in_time = signed_from <= trades.received[begin] <= close
        if end - begin in (_PAIR, _FOUR) and is_in_time:
            _orient(trades, totals, begin, end, sides)
            worth = _by_price(trades, begin, end, sides)
            expected[begin:end] = worth
        begin = end


@inline
def _end(trades: Trades, totals: Rows, begin: int) -> int:
    """The first row after those that may be legs of one package with row `begin`."""
    end = begin + 1
    if not _is_leg(trades, begin):
        return end
    symbol = totals[trades.positions[begin]].symbol
    while (
        end < trades.positions.shape[0]
        and _is_leg(trades, end)
        and trades.received[end] == trades.received[begin]
        and trades.size[end] == trades.size[begin]
        and totals[trades.positions[end]].symbol == symbol
    ):
        end += 1
    return end


@inline
def _is_leg(trades: Trades, row: int) -> bool:
    is_multi_leg: bool = (
        trades.conditions[row] == Condition.MULTI_LEG
        and trades.positions[row] >= 0
        and trades.cancels[row] == NO_CANCEL
        and not is_dirty(trades.price[row], trades.size[row])
    )
    return is_multi_leg


@inline
def _orient(trades: Trades, totals: Rows, begin: int, end: int, sides: I8) -> None:
    """Write 1 where a leg is bought together with the first, -1 where it is sold; 0 if unknown.

    Two legs: a straddle or strangle on the same side, a vertical or calendar on opposite ones. Four
    legs of one chain: the wings of a condor or butterfly against its body.
    """
    first, last = totals[trades.positions[begin]], totals[trades.positions[end - 1]]
    if end - begin == _PAIR:
        same_chain, same_right = first.group == last.group, first.is_call == last.is_call
        if same_chain and same_right and first.strike != last.strike:
            sides[begin], sides[begin + 1] = 1, -1
        elif same_chain and not same_right:
            sides[begin], sides[begin + 1] = 1, 1
        elif not same_chain and same_right:
            sides[begin], sides[begin + 1] = 1, -1
        return
    low = high = first.strike
    for row in range(begin, end):
        strike = totals[trades.positions[row]].strike
        low, high = min(low, strike), max(high, strike)
    wings = lowest = calls = 0
    for row in range(begin, end):
        leg = totals[trades.positions[row]]
        side = 1 if leg.strike in (low, high) else -1
        if leg.group != first.group:
            return
        wings += side == 1
        lowest += leg.strike == low
        # Of either right as many in the wings as in the body.
        calls += side * leg.is_call
    if (wings, lowest, calls) == (2, 1, 0):
        for row in range(begin, end):
            strike = totals[trades.positions[row]].strike
            sides[row] = 1 if strike in (low, high) else -1


@inline
def _by_price(trades: Trades, begin: int, end: int, sides: I8) -> int:
    """Turn the legs to the customer's sides; what these are worth, in hundredths, 0 if unknown."""
    over = squares = 0.0
    is_quoted = True
    for row in range(begin, end):
        bid, ask = raw_price(trades.standing[row, 0]), raw_price(trades.standing[row, 1])
        is_quoted = is_quoted and bid < ask and not trades.stale[row]
        over += sides[row] * float(2 * trades.price[row] - bid - ask)
        squares += float(ask - bid) ** 2
    if over == 0.0 or not is_quoted:
        sides[begin:end] = 0
        return 0
    if over < 0.0:
        for row in range(begin, end):
            sides[row] = -sides[row]
    strength = abs(over) / math.sqrt(squares)
    if strength < _WEAK:
        return _EXPECTED[0]
    if strength < _MIDDLE:
        return _EXPECTED[1]
    return _EXPECTED[2] if strength < _STRONG else _EXPECTED[3]
