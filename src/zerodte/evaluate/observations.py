"""What is kept of one watched replay: every trade as it was judged, every minute as estimated.

Plain columns beside the truth; the scores of `sides`, `interest`, `gamma` and `hedging` are
functions of them.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from zerodte.market.calendar import TradingSession
from zerodte.records.dbn import Records

#: Scores of one tape: a row's labels, to its figures by column. NaN where there is none.
ScoreRows: TypeAlias = dict[tuple[str, ...], dict[str, float]]

#: The label of all symbols together.
ALL: Final = "all"

#: What was made of a trade record; rows as those of `TRADE_TRUTH`.
TRADES: Final = np.dtype(
    [
        ("size", "<i8"),  # contracts
        ("condition", "u1"),
        ("side", "i1"),
        ("customer", "i1"),
        ("rule", "u1"),
        ("symbol", "<i4"),  # place in the symbols; negative for no contract that is known
        ("same_day", "?"),  # of a chain that expires today
        ("minute", "<i4"),  # of its tick, from the open on; negative outside of the session
        ("delta", "<f8"),  # NaN where unknown
        ("spot", "<f8"),  # dollars, likewise
        ("delta_dollars", "<i8"),  # as estimated
    ]
)

#: The ways to follow open interest that are scored; SETTLED never moves.
SETTLED: Final = "settled"
METHODS: Final = (SETTLED, "signed_v1", "turnover_v1")

#: Dealers' gamma of a chain at an instant, dollars per 1%; NaN while there is no surface.
GAMMA: Final = (
    "true_gex",  # of dealers' true inventory
    "gross_gex",  # of true open interest, all of it counted positive
    "settled_gex",  # the convention on settled open interest
    "settled_gross",  # that without the convention's signs
    "effective_gex",  # the convention on effective open interest
    "effective_gross",
    "inventory_gex",
    "inventory_low",
    "inventory_high",
)

#: One symbol's same-day chain at the end of a minute: truth and estimates on one surface.
MINUTES: Final = np.dtype(
    [
        ("symbol", "<i4"),
        ("minute", "<i4"),  # how many have passed since the open
        *((name, "<f8") for name in GAMMA),
        ("true_oi", "<f8"),  # contracts
        ("oi", "<f8", (len(METHODS),)),  # of the chain, by method
        ("oi_error", "<f8", (len(METHODS),)),  # sum over contracts of |estimate - true|
    ]
)


@dataclass(frozen=True, eq=False, slots=True)
class ReplayObservations:
    """One tape, replayed.

    Attributes:
        hours: The trading session.
        symbols: The underlyings, sorted.
        trades: `TRADES`, shape (m,).
        truth: `TRADE_TRUTH`, shape (m,).
        minutes: `MINUTES`, in order of time.
    """

    hours: TradingSession
    symbols: tuple[str, ...]
    trades: Records
    truth: Records
    minutes: Records

    def scopes(self) -> dict[str, int]:
        """The symbols that have a same-day chain, with their places."""
        places = np.unique(self.minutes["symbol"]).tolist()
        return {self.symbols[place]: place for place in places}
