"""Whether at-the-money straddles are fairly priced.

The straddle of today's expiry at spot, bought during the session and held to the close, pays
|S_T - S|. If options are priced by the process of their underlyings, the payoff minus the price, in
units of the price, has mean zero over n sessions: z = mean / (deviation / sqrt(n)).
"""

import datetime
import math

import numpy as np

from studies.sessions import FRIDAY, WEDNESDAY, draw_session
from studies.table import Table

#: Sessions of each row, and the bar on |z|.
_SESSIONS = 1000
_BAR = 3.0
#: Symbol, day, and minute of scheduled news, if any.
_CASES = (
    ("SPX", WEDNESDAY, None),
    ("SPX", WEDNESDAY, 270),
    ("QQQ", WEDNESDAY, None),
    ("IWM", WEDNESDAY, None),
    ("TSLA", FRIDAY, None),
    ("SPX", datetime.date(2024, 12, 24), None),
)
#: Minutes since the open at which straddles are bought.
_BOUGHT = (0, 150, 209)


def tables() -> list[Table]:
    """A row per case and time of purchase."""
    rows = [
        (
            symbol,
            str(day),
            "-" if news is None else news,
            minute,
            *_measure(symbol, day, news, minute, row),
        )
        for row, (symbol, day, news) in enumerate(_CASES)
        for minute in _BOUGHT
    ]
    title = (
        f"Straddle against realised move, {_SESSIONS} path-level sessions a row (bar: |z| < "
        f"{_BAR:g})"
    )
    columns = ("name", "day", "news, minute", "bought, minute", "price, % of spot",
               "move, % of spot", "move / price", "z", "passes")  # fmt: skip
    return [Table(title, columns, tuple(rows))]


def _measure(
    symbol: str, day: datetime.date, news: int | None, minute: int, row: int
) -> tuple[float, float, float, float, bool]:
    prices, moves = np.empty(_SESSIONS), np.empty(_SESSIONS)
    for number in range(_SESSIONS):
        study = draw_session(day, (symbol,), row * _SESSIONS + number, news)
        path = study.path()
        if minute:
            path.advance(60 * minute)
        spot = path.spot
        theta = float(study.variance.today(path.second, spot[None, :])[0, 0])
        # The straddle at the money by Black: 2 S (2 N(sqrt(theta) / 2) - 1).
        prices[number] = 2.0 * math.erf(math.sqrt(theta / 8.0))
        left = len(study.process.diffusion) - path.second
        moves[number] = abs(path.advance(left)[-1, 0] / spot[0] - 1.0)
    error = moves / prices - 1.0
    z = float(error.mean() / (error.std(ddof=1) / math.sqrt(_SESSIONS)))
    mean = 100.0 * float(prices.mean()), 100.0 * float(moves.mean())
    return (*mean, 1.0 + float(error.mean()), round(z, 2), abs(z) < _BAR)
