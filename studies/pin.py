"""Pinning: whether prices close near strikes more often than by chance, with and without impact.

The lift is the share of sessions that close within a quarter of a step of a strike of today's
chain, minus the share for the grid shifted by half a step; it is zero by chance. Without impact it
must be equivalent to zero (two one-sided tests). With impact, dealers hedge their morning position
in today's expiry, of either sign, throughout the session.
"""

import datetime
import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from studies.sessions import FRIDAY, WEDNESDAY, draw_session
from studies.table import Table
from zerodte.arrays import F64, I64
from zerodte.feeds.simulator.columns import ContractList
from zerodte.feeds.simulator.dealers import DealerLedger
from zerodte.feeds.simulator.listing import draw_listing, strike_grid
from zerodte.feeds.simulator.random_streams import generator
from zerodte.feeds.simulator.seed_draw import draw_flow
from zerodte.feeds.simulator.surface import SmileProcess
from zerodte.feeds.simulator.world_parameters import PAST_SESSIONS

#: Equivalence bounds without impact in points; level and power of the test.
_MARGIN = 1.5
_LEVEL, _POWER = 0.05, 0.90
#: Bar with impact: least points, and level of the test.
_LIFT, _LIFT_LEVEL = 5.0, 0.01
_WITHOUT = "SPX"
#: Symbols (the close of the first is tested), day, sessions.
_WITH = (
    (("SPX",), WEDNESDAY, 2500),
    (("AAPL",), FRIDAY, 500),
    (("NVDA",), FRIDAY, 500),
    (("SPY", "SPX"), WEDNESDAY, 1000),
)
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class _Lift:
    """A lift in points, from n sessions."""

    sessions: int
    points: float
    error: float

    def interval(self, level: float) -> str:
        """The confidence interval of the lift."""
        reach = _NORMAL.inv_cdf(0.5 + level / 2.0) * self.error
        return f"{self.points - reach:.2f} to {self.points + reach:.2f}"


def tables() -> list[Table]:
    """The tables without and with impact."""
    return [_without(), _with()]


def _without() -> Table:
    # A session counts as 100 or -100 points, so that its deviation is 100 without a lift.
    reach = _NORMAL.inv_cdf(1.0 - _LEVEL) + _NORMAL.inv_cdf(0.5 + _POWER / 2.0)
    sessions = math.ceil((100.0 * reach / _MARGIN) ** 2)
    lift = _lift(np.array([_without_impact(seed) for seed in range(sessions)]))
    p = _NORMAL.cdf((abs(lift.points) - _MARGIN) / lift.error)
    row = (_WITHOUT, str(WEDNESDAY), sessions, lift.points, lift.interval(1.0 - 2.0 * _LEVEL), p,
           p < _LEVEL)  # fmt: skip
    title = f"Impact 0: lift in points, and whether it is equivalent to 0 within {_MARGIN:g}"
    columns = ("name", "day", "sessions", "lift", "90% interval", "p of two one-sided tests",
               "passes")  # fmt: skip
    return Table(title, columns, (row,))


def _with() -> Table:
    rows = []
    for symbols, day, sessions in _WITH:
        outcomes = [_with_impact(symbols, day, seed) for seed in range(sessions)]
        near, gamma = np.array(outcomes).T
        lift = _lift(near)
        p = 1.0 - _NORMAL.cdf(lift.points / lift.error)
        long, short = _lift(near[gamma > 0.0]), _lift(near[gamma <= 0.0])
        rows.append(
            (symbols[0], " ".join(symbols), str(day), sessions, lift.points, lift.interval(0.95),
             p, lift.points >= _LIFT and p < _LIFT_LEVEL, f"{long.sessions / sessions:.2f}",
             f"{long.points:.1f} ± {long.error:.1f}", f"{short.points:.1f} ± {short.error:.1f}")
        )  # fmt: skip
    title = (
        f"Impact 1: lift in points (bar: at least {_LIFT:g}, p < {_LIFT_LEVEL:g}), and by the sign "
        "of dealers' gamma at the open, ± standard error"
    )
    columns = ("name", "hedged", "day", "sessions", "lift", "95% interval", "p", "passes",
               "share long", "dealers long", "dealers short")  # fmt: skip
    return Table(title, columns, tuple(rows))


def _lift(near: F64) -> _Lift:
    """The lift of sessions: 1 for a close near a strike, else 0."""
    points = 200.0 * near - 100.0
    error = float(points.std(ddof=1)) / math.sqrt(len(points))
    return _Lift(len(near), float(points.mean()), error)


def _is_near(close: float, strikes: F64) -> bool:
    step = float(np.diff(strikes).min())
    return abs(close / step - round(close / step)) < 0.25


def _without_impact(seed: int) -> bool:
    """Whether a session without impact closed near a strike."""
    study = draw_session(WEDNESDAY, (_WITHOUT,), seed)
    spot = study.process.opening
    sigma = math.sqrt(float(study.variance.today(0, spot[None, :])[0, 0]))
    width = math.sqrt(sigma**2 + study.variance.usual(0, PAST_SESSIONS))
    strikes = strike_grid(study.names[0], float(spot[0]), sigma, width, is_today=True)
    return _is_near(study.path().advance(len(study.process.diffusion))[-1, 0], strikes)


def _with_impact(symbols: tuple[str, ...], day: datetime.date, seed: int) -> tuple[bool, float]:
    """Whether a session with impact 1 closed near a strike; dealers' gamma at its open."""
    study = draw_session(day, symbols, seed)
    listing = draw_listing(study.session, study.names, study.process, study.variance, seed)
    surface = SmileProcess(study.process, study.variance, listing)
    today = np.array([chain.expiry == day for chain in listing.chains])[listing.chain]
    dealers = np.where(today, _morning_inventory(listing, seed), 0)
    path = study.path(impact=1.0)
    seconds = len(study.process.diffusion)
    _, gamma = surface.delta_gamma(0, path.spot)
    dollars = dealers * gamma * path.spot[listing.name] ** 2
    close = path.advance(seconds, surface.book(0, path.spot, seconds, dealers))[-1, 0]
    own = listing.strike[today & (listing.name == 0)]
    return _is_near(close, np.unique(own)), float(dollars.sum())


def _morning_inventory(listing: ContractList, seed: int) -> I64:
    """Dealers' morning inventory, as a full simulation draws it."""
    date = listing.session.date
    noise = np.empty(len(listing.symbols))
    for index, name in enumerate(listing.names):
        own = np.flatnonzero(listing.name == index)
        noise[own] = generator(seed, date, "overnight", name.symbol).standard_normal(len(own))
    return DealerLedger(listing, draw_flow(generator(seed, date, "flow")), noise).inventory
