"""The error of dealers' gamma, from the sign convention and from the estimated inventory.

Gamma grows without bound towards the close. Each minute is therefore measured in units of the
chain's gross gamma of true open interest, or the last minutes would dominate.
"""

from typing import Final

import numpy as np

from zerodte.arrays import F64, Bool
from zerodte.constants import NEUTRAL_SHARE, OPEN_INTEREST_METHOD
from zerodte.evaluate.interest import clock
from zerodte.evaluate.observations import ALL, SETTLED, ReplayObservations, ScoreRows
from zerodte.evaluate.statistic import correlation, mean_of, relative_error, same_sign
from zerodte.records.dbn import Records

INVENTORY: Final = "inventory"
#: The rows of the convention, by the open interest that it uses.
CONVENTIONS: Final = tuple(f"convention, {oi}" for oi in (SETTLED, OPEN_INTEREST_METHOD))
#: The whole session.
DAY: Final = "day"

_HOUR: Final = 60


def score_gamma(observations: ReplayObservations) -> ScoreRows:
    """Score by (symbol, time, estimate): over the day, and for all symbols also by hour.

    Figures of all symbols are means over symbols, so that every chain has the same weight.
    """
    rows = observations.minutes[observations.minutes["gross_gex"] > 0.0]
    out: ScoreRows = {}
    for time, part in {DAY: rows, **_hours(observations, rows)}.items():
        scores = {
            symbol: _score(own_rows)
            for symbol, index in observations.scopes().items()
            if len(own_rows := part[part["symbol"] == index])
        }
        for estimate in (*CONVENTIONS, INVENTORY):
            out[ALL, time, estimate] = mean_of(
                [estimates[estimate] for estimates in scores.values()]
            )
        if time == DAY:
            for symbol, estimates in scores.items():
                out.update(
                    {(symbol, time, estimate): estimates[estimate] for estimate in estimates}
                )
    return out


def _hours(observations: ReplayObservations, rows: Records) -> dict[str, Records]:
    """The rows of each hour since the open. A minute belongs to the hour in which it ends."""
    hour = (rows["minute"] - 1) // _HOUR
    out = {}
    for number in np.unique(hour).tolist():
        last = int(rows["minute"][hour == number].max())
        begin, end = clock(observations.hours, number * _HOUR), clock(observations.hours, last)
        out[f"{begin} to {end}"] = rows[hour == number]
    return out


def _score(rows: Records) -> dict[str, dict[str, float]]:
    """The scores of one symbol, by estimate."""
    gross = rows["gross_gex"]
    true = rows["true_gex"] / gross
    out = {}
    for estimate, kind in zip(CONVENTIONS, ("settled", "effective"), strict=True):
        net, own_gross = rows[f"{kind}_gex"], rows[f"{kind}_gross"]
        out[estimate] = _figures(net / gross, true, np.abs(net) >= NEUTRAL_SHARE * own_gross)
    low, high = rows["inventory_low"], rows["inventory_high"]
    out[INVENTORY] = _figures(rows["inventory_gex"] / gross, true, (low > 0.0) | (high < 0.0))
    covered = (low <= rows["true_gex"]) & (rows["true_gex"] <= high)
    out[INVENTORY]["covered"] = float(covered.mean())
    return out


def _figures(estimate: F64, true: F64, determined: Bool) -> dict[str, float]:
    return {
        "positive": float((true > 0.0).mean()),
        "sign": same_sign(estimate, true),
        "determined": float(determined.mean()),
        "sign_determined": same_sign(estimate[determined], true[determined]),
        "correlation": correlation(estimate, true),
        "error": relative_error(estimate, true),
        "bias": float((estimate - true).mean()),
        "covered": np.nan,
    }
