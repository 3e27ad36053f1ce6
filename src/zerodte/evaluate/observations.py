"""The observations of one replay: the estimates of every trade and minute, beside the truth.

The scores of `sides`, `interest`, `gamma` and `hedging` are functions of these columns.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from zerodte.market.calendar import TradingSession
from zerodte.records.dbn import Records

#: Scores of one tape: figures by column for each row's labels. NaN if missing.
ScoreRows: TypeAlias = dict[tuple[str, ...], dict[str, float]]

#: The label of all symbols together.
ALL: Final = "all"

#: The estimates of a trade record, in the order of `TRADE_TRUTH`.
TRADE_ESTIMATES: Final = np.dtype(
    [
        ("size", "<i8"),  # contracts
        ("condition", "u1"),
        ("side", "i1"),
        ("customer", "i1"),
        ("rule", "u1"),
        ("symbol", "<i4"),  # index of the symbol; negative for an unknown contract
        ("same_day", "?"),  # whether its chain expires today
        ("minute", "<i4"),  # of its tick, from 0 at the open; negative outside the session
        ("delta", "<f8"),  # NaN where unknown
        ("spot", "<f8"),  # dollars; NaN where unknown
        ("delta_dollars", "<i8"),  # as estimated
    ]
)

#: The estimates of open interest that are scored; SETTLED is constant.
SETTLED: Final = "settled"
INTEREST_METHODS: Final = (SETTLED, "signed_v1", "turnover_v1", "turnover_v2", "turnover_v3")

#: The levels of the convention that are held against those on true open interest.
LEVELS: Final = ("magnet", "call_wall", "put_wall", "regime")

#: Dealers' gamma of a chain at one time, dollars per 1%; NaN without a surface.
GAMMA: Final = (
    "true_gex",  # of dealers' true inventory
    "gross_gex",  # of true open interest, all positive
    "settled_gex",  # the convention on settled open interest
    "settled_gross",  # the same without signs
    "effective_gex",  # the convention on effective open interest
    "effective_gross",
    "inventory_gex",
    "inventory_low",
    "inventory_high",
)

#: One symbol's same-day chain at the end of a minute: truth and estimates on the same surface.
MINUTE_ESTIMATES: Final = np.dtype(
    [
        ("symbol", "<i4"),
        ("minute", "<i4"),  # minutes since the open
        *((name, "<f8") for name in GAMMA),
        # By method: whether the convention finds the levels that it has on true open interest.
        *((f"{name}_right", "?", (len(INTEREST_METHODS),)) for name in LEVELS),
        ("true_oi", "<f8"),  # contracts
        ("oi", "<f8", (len(INTEREST_METHODS),)),  # of the chain, by method
        ("oi_error", "<f8", (len(INTEREST_METHODS),)),  # sum over contracts of |estimate - true|
    ]
)


@dataclass(frozen=True, eq=False, slots=True)
class ReplayObservations:
    """The observations of one replay.

    Attributes:
        hours: The trading session.
        symbols: The underlyings, sorted.
        trades: `TRADE_ESTIMATES`, shape (m,).
        truth: `TRADE_TRUTH`, shape (m,).
        minutes: `MINUTE_ESTIMATES`, by time.
    """

    hours: TradingSession
    symbols: tuple[str, ...]
    trades: Records
    truth: Records
    minutes: Records

    def scopes(self) -> dict[str, int]:
        """The symbols with a same-day chain, and their indices."""
        places = np.unique(self.minutes["symbol"]).tolist()
        return {self.symbols[place]: place for place in places}
