"""How near dealers' gamma comes to that of their true inventory: by convention, by inventory.

Gamma grows without bound towards the close, so each minute is measured in units of the chain's
gross gamma at that minute (of true open interest): otherwise the last minutes would decide all.
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
#: The convention's rows, by the open interest that it stands on.
CONVENTIONS: Final = tuple(f"convention, {oi}" for oi in (SETTLED, OPEN_INTEREST_METHOD))
#: The whole session.
DAY: Final = "day"

_HOUR: Final = 60


def score_gamma(watched: ReplayObservations) -> ScoreRows:
    """Score by (symbol, time, estimate): over the day, and all symbols also by the hour.

    Figures of all symbols are the means of theirs: a large chain counts no more than a small one.
    """
    rows = watched.minutes[watched.minutes["gross_gex"] > 0.0]
    out: ScoreRows = {}
    for time, part in {DAY: rows, **_hours(watched, rows)}.items():
        scores = {
            symbol: _score(mine)
            for symbol, place in watched.scopes().items()
            if len(mine := part[part["symbol"] == place])
        }
        for estimate in (*CONVENTIONS, INVENTORY):
            out[ALL, time, estimate] = mean_of([of[estimate] for of in scores.values()])
        if time == DAY:
            for symbol, of in scores.items():
                out.update({(symbol, time, estimate): of[estimate] for estimate in of})
    return out


def _hours(watched: ReplayObservations, rows: Records) -> dict[str, Records]:
    """The rows of every hour from the open on; each minute belongs to the hour that it ends in."""
    hour = (rows["minute"] - 1) // _HOUR
    out = {}
    for number in np.unique(hour).tolist():
        last = int(rows["minute"][hour == number].max())
        begin, end = clock(watched.hours, number * _HOUR), clock(watched.hours, last)
        out[f"{begin} to {end}"] = rows[hour == number]
    return out


def _score(rows: Records) -> dict[str, dict[str, float]]:
    """The scores of one symbol's minutes, by estimate."""
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
