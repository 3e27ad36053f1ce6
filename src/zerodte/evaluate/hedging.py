"""The error of hedge flow: signed delta dollars against the true hedging need of dealers.

A dealer who sells a call buys delta: the true flow of a trade is minus dealers' contracts x delta x
100 x spot. Delta and spot are those of the estimate, so that only sides and sizes differ.
"""

from typing import Final

import numpy as np

from zerodte.arrays import F64, Bool
from zerodte.constants import MULTIPLIER
from zerodte.evaluate.observations import ALL, ReplayObservations, ScoreRows
from zerodte.evaluate.statistic import correlation, mean_of, relative_error, same_sign, share, slope

FIVE_MINUTES: Final = "5 minutes"
#: Aggregations of flow over time: name, minutes of a step, and whether to accumulate.
STEPS: Final = (("1 minute", 1, False), (FIVE_MINUTES, 5, False), ("cumulative", 1, True))


def hedge_flow(observations: ReplayObservations, symbol_index: int) -> tuple[F64, F64]:
    """A symbol's hedge flow per minute in its same-day chain, estimated and true, dollars.

    Ends at the last observed minute. The true flow excludes cancelled trades; the estimate includes
    them until they are cancelled.
    """
    trades, truth = observations.trades, observations.truth
    length = int(observations.minutes["minute"].max(initial=0))
    is_selected = (
        _of_chain(observations, symbol_index)
        & (trades["minute"] >= 0)
        & (trades["minute"] < length)
    )
    trades, truth = trades[is_selected], truth[is_selected]
    minute = trades["minute"].astype(np.intp)
    true_flow = -truth["dealers"] * trades["delta"] * trades["spot"] * MULTIPLIER
    is_final = ~truth["is_cancelled"] & ~truth["is_cancel"]
    true_flow = np.where(is_final & np.isfinite(true_flow), true_flow, 0.0)
    estimate, true = np.zeros((2, length))
    np.add.at(estimate, minute, trades["delta_dollars"])
    np.add.at(true, minute, true_flow)
    return estimate, true


def score_hedging(observations: ReplayObservations) -> ScoreRows:
    """Score by (symbol, step). Figures of all symbols are means over symbols."""
    symbols: ScoreRows = {}
    for symbol, symbol_index in observations.scopes().items():
        estimate, true = hedge_flow(observations, symbol_index)
        unknown = _unknown_delta(observations, symbol_index)
        for step, minutes, runs_on in STEPS:
            by_step = (
                np.cumsum(flow) if runs_on else _steps(flow, minutes) for flow in (estimate, true)
            )
            symbols[symbol, step] = {**_score(*by_step), "delta_unknown": unknown}
    means = {
        (ALL, step): mean_of([symbols[symbol, step] for symbol in observations.scopes()])
        for step, *_ in STEPS
    }
    return means | symbols


def _of_chain(observations: ReplayObservations, symbol_index: int) -> Bool:
    is_selected: Bool = observations.trades["same_day"] & (
        observations.trades["symbol"] == symbol_index
    )
    return is_selected


def _unknown_delta(observations: ReplayObservations, symbol_index: int) -> float:
    """The share of contracts without a delta. They count as 0 in both flows."""
    trades = observations.trades[_of_chain(observations, symbol_index)]
    dollars = trades["delta"] * trades["spot"]
    return share(~np.isfinite(dollars), trades["size"].astype(np.float64))


def _steps(flow: F64, minutes: int) -> F64:
    """Sums over steps of whole minutes. The last step may be shorter."""
    return np.add.reduceat(flow, np.arange(0, len(flow), minutes)) if len(flow) else flow


def _score(estimate: F64, true: F64) -> dict[str, float]:
    return {
        "correlation": correlation(estimate, true),
        "slope": slope(estimate, true),
        "error": relative_error(estimate, true),
        "sign": same_sign(estimate, true),
    }
