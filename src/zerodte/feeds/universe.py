"""Which contracts of a long list are followed: few expiries, and strikes around spot.

The expiries are the session's own, the next two and the seven-day anchor. The strikes lie within
max(3% of spot, 4 standard deviations to that expiry), where one standard deviation is the
at-the-money straddle times sqrt(pi / 2). A window grows as spot moves, and never shrinks.
"""

import datetime
import math
from collections.abc import Collection, Iterable, Sequence
from typing import Final

import numpy as np

from zerodte.arrays import F64, Bool
from zerodte.market.calendar import last_trading_day
from zerodte.market.osi import Contract, find_osi
from zerodte.market.roots import is_adjusted, root_info

_NEXT_EXPIRIES: Final = 2
_ANCHOR_DAYS: Final = 7
_LEAST: Final = 0.03
_DEVIATIONS: Final = 4.0
_PER_STRADDLE: Final = math.sqrt(math.pi / 2.0)


def is_live(contract: Contract, today: datetime.date) -> bool:
    """Whether a contract can still trade on a date, and is for its usual number of shares."""
    return not is_adjusted(contract.root) and last_trading_day(contract.expiry) >= today


def followed_expiries(days: Iterable[datetime.date], today: datetime.date) -> list[datetime.date]:
    """Of some expiries those that are followed on a date: its own, the next two, the anchor."""
    days = sorted(set(days))
    own = [day for day in days if last_trading_day(day) == today]
    later = [day for day in days if last_trading_day(day) > today]
    anchor = sorted(later, key=lambda day: abs((day - today).days - _ANCHOR_DAYS))[:1]
    return sorted({*own, *later[:_NEXT_EXPIRIES], *anchor})


def expiries_of(raws: Iterable[str]) -> dict[str, set[datetime.date]]:
    """The expiries of the contracts among raw symbols, by the underlying's symbol."""
    found: dict[str, set[datetime.date]] = {}
    for raw in raws:
        contract = find_osi(raw)
        if contract is not None:
            found.setdefault(root_info(contract.root).symbol, set()).add(contract.expiry)
    return found


class Universe:
    """The followed contracts of one underlying.

    Args:
        today: The session's date.
        sent_elsewhere: Expiries that another feed sends: all others are followed. None if there is
            no other feed.
    """

    def __init__(
        self, today: datetime.date, sent_elsewhere: Collection[datetime.date] | None = None
    ) -> None:
        self._today = today
        self._sent_elsewhere = sent_elsewhere
        self._windows: dict[datetime.date, tuple[float, float]] = {}

    def select(self, contracts: Sequence[Contract], mids: F64, spot: float) -> Bool:
        """The contracts to follow, bool[n]; all strikes of its expiries while spot is unknown.

        Args:
            contracts: All contracts that have not expired, n of them.
            mids: Their mids, dollars, shape (n,); NaN without a quote.
            spot: The underlying's price, dollars; NaN if unknown.
        """
        days = np.array([contract.expiry.toordinal() for contract in contracts], np.int64)
        strikes = np.array([contract.strike for contract in contracts], np.float64)
        chosen = np.zeros(len(contracts), np.bool_)
        for expiry in self.expiries(contracts):
            rows = np.flatnonzero(days == expiry.toordinal())
            if not math.isfinite(spot):
                chosen[rows] = True
                continue
            half = max(
                _LEAST * spot,
                _DEVIATIONS
                * _deviation([contracts[row] for row in rows.tolist()], mids[rows], spot),
            )
            low, high = self._windows.get(expiry, (spot, spot))
            low, high = min(low, spot - half), max(high, spot + half)
            self._windows[expiry] = low, high
            chosen[rows] = (low <= strikes[rows]) & (strikes[rows] <= high)
        return chosen

    def is_sent_elsewhere(self, contract: Contract) -> bool:
        """Whether another feed sends a contract."""
        return contract.expiry in (self._sent_elsewhere or ())

    def expiries(self, contracts: Sequence[Contract]) -> list[datetime.date]:
        """Those that are followed, of those that there are."""
        days = sorted({contract.expiry for contract in contracts})
        if self._sent_elsewhere is not None:
            return [day for day in days if day not in self._sent_elsewhere]
        return followed_expiries(days, self._today)


def parity(contracts: Sequence[Contract], mids: F64) -> float:
    """The price that calls and puts of the nearest expiry agree on; NaN if nothing tells it.

    It is the strike plus the call less the put, where these two differ least.

    Args:
        contracts: Of one underlying, n of them.
        mids: Their mids, dollars, shape (n,); NaN without a quote.
    """
    pairs: dict[tuple[datetime.date, str, float], dict[str, float]] = {}
    for contract, mid in zip(contracts, mids.tolist(), strict=True):
        if math.isfinite(mid):
            key = contract.expiry, contract.root, contract.strike
            pairs.setdefault(key, {})[contract.right] = mid
    both = [(key[0], abs(sides["C"] - sides["P"]), key[2] + sides["C"] - sides["P"])
            for key, sides in pairs.items() if len(sides) == 2]  # fmt: skip
    return min(both)[2] if both else math.nan


def _deviation(contracts: Sequence[Contract], mids: F64, spot: float) -> float:
    """One standard deviation of the price at an expiry, dollars; 0 if nothing tells it.

    Two roots may have the same strikes, as SPX and SPXW have on a third Friday.
    """
    sides: dict[tuple[str, float], dict[str, float]] = {}
    for contract, mid in zip(contracts, mids.tolist(), strict=True):
        if math.isfinite(mid):
            sides.setdefault((contract.root, contract.strike), {})[contract.right] = mid
    straddles = [(abs(strike - spot), sum(both.values())) for (_, strike), both in sides.items()
                 if len(both) == 2]  # fmt: skip
    return _PER_STRADDLE * min(straddles)[1] if straddles else 0.0
